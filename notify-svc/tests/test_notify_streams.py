"""Sentences about messages, announcements, texts and preferences."""

from grenier.language.notify import (
    AnnouncementMade,
    AnnouncementsChosen,
    CallLogged,
    MessageFailed,
    MessageRequested,
    MessageSent,
    Recipient,
    TemplateChanged,
)
from grenier.testing import given
from notify_svc import announcement, message, preference, wording
from notify_svc.message import LogCall, RecordFailed, RecordSent, RequestMessage

REQUEST = RequestMessage(
    message_id="m", template="draft-reminder", person_id="p", group_id="g", household_id="h", channel="email", params={}
)
REQUESTED = MessageRequested(
    message_id="m", template="draft-reminder", person_id="p", group_id="g", household_id="h", channel="email", params={}
)
PHONED = MessageRequested(
    message_id="m", template="draft-reminder", person_id="p", group_id="g", household_id="h", channel="phone", params={}
)
SENT = MessageSent(message_id="m", group_id="g", attempts=1)


def failed(attempts, final=False, reason="refused (451)"):
    return MessageFailed(message_id="m", group_id="g", attempts=attempts, reason=reason, final=final)


def test_a_message_is_requested_once_and_sent_once():
    given(message.decider).when(REQUEST).then(REQUESTED)
    given(message.decider, REQUESTED).when(REQUEST).nothing()
    given(message.decider, REQUESTED).when(RecordSent()).then(SENT)
    given(message.decider, REQUESTED, SENT).when(RecordSent()).nothing()
    given(message.decider).when(RecordSent()).rejected("message-unknown")


def test_a_refusal_for_now_is_tried_five_times():
    again = RecordFailed(reason="refused (451)", for_good=False)
    given(message.decider, REQUESTED).when(again).then(failed(1))
    tried = [REQUESTED, *(failed(attempt) for attempt in range(1, 5))]
    assert given(message.decider, *tried).state().waits_to_be_sent
    given(message.decider, *tried).when(again).then(failed(5, final=True))
    given(message.decider, *tried, failed(5, final=True)).when(again).nothing()
    assert not given(message.decider, *tried, failed(5, final=True)).state().waits_to_be_sent


def test_a_refusal_for_good_is_not_tried_again():
    given(message.decider, REQUESTED).when(RecordFailed(reason="no-address", for_good=True)).then(
        failed(1, final=True, reason="no-address")
    )


def test_who_cannot_be_mailed_is_called_until_told():
    told = CallLogged(message_id="m", group_id="g", outcome="told")
    missed = CallLogged(message_id="m", group_id="g", outcome="no-answer")
    given(message.decider, PHONED).when(LogCall(outcome="no-answer")).then(missed)
    given(message.decider, PHONED, missed).when(LogCall(outcome="told")).then(told)
    given(message.decider, PHONED, told).when(LogCall(outcome="told")).nothing()
    given(message.decider, REQUESTED).when(LogCall(outcome="told")).rejected("not-on-call-list")
    given(message.decider, REQUESTED, failed(1, final=True)).when(LogCall(outcome="told")).then(told)


def test_an_announcement_is_made_once_and_to_somebody():
    command = announcement.Announce(
        announcement_id="a", group_id="g", template="announcement", audience="all",
        recipients=[Recipient(person_id="p")], params={"subject": "s", "body": "b"})  # fmt: skip
    made = AnnouncementMade(
        announcement_id="a", group_id="g", template="announcement", audience="all",
        recipients=[Recipient(person_id="p")], params={"subject": "s", "body": "b"})  # fmt: skip
    given(announcement.decider).when(command).then(made)
    given(announcement.decider, made).when(command).nothing()
    nobody = announcement.Announce(
        announcement_id="a", group_id="g", template="announcement", audience="drafts", recipients=[], params={}
    )
    given(announcement.decider).when(nobody).rejected("nobody-to-tell")


def test_a_text_of_ones_own_can_be_given_back():
    own = wording.ChangeTemplate(owner_id="g", code="draft-reminder", language="fr", subject="s", body="b")
    changed = TemplateChanged(owner_id="g", code="draft-reminder", language="fr", subject="s", body="b")
    back = wording.ChangeTemplate(owner_id="g", code="draft-reminder", language="fr", subject="", body="")
    restored = TemplateChanged(owner_id="g", code="draft-reminder", language="fr", subject="", body="")
    given(wording.decider).when(own).then(changed)
    given(wording.decider, changed).when(own).nothing()
    given(wording.decider, changed).when(back).then(restored)
    given(wording.decider).when(back).nothing()
    given(wording.decider, changed, restored).when(back).nothing()


def test_announcements_can_be_declined_and_wanted_again():
    no = preference.SetAnnouncements(person_id="p", wanted=False)
    declined = AnnouncementsChosen(person_id="p", wanted=False)
    given(preference.decider).when(no).then(declined)
    given(preference.decider, declined).when(no).nothing()
    given(preference.decider).when(preference.SetAnnouncements(person_id="p", wanted=True)).nothing()
