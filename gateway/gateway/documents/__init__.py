"""What is printed: a Typst template and a module that shapes a service's answers for it, one pair per document.

    contract.py   + contract.typ       membership.py + membership.typ     sign_off.py   + sign_off.typ
    cheques.py    + cheques.typ        quantities.py + quantities.typ     order_form.py + order_form.typ
    statement.py  + statement.typ      settlement.py + settlement.typ     listing.py    + listing.typ

Shapers are pure: dicts of answers in, a dict of texts out (`words.py` writes amounts and days). `render.pdf` makes the file;
`house.typ` holds what all templates share; `clauses.py` the sentences that a group may replace by its own.
Documents are French whatever the reader's language is: two people who sign must have seen the same bytes.
"""
