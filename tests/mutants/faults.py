"""The faults: each changes one place of a module. Pure; the same source gives the same list.

for place in places(source): mutant = planted(source, place.number)
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
BINARY: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    number: int
    line: int
    text: str


def places(source: str) -> list[Place]:
    counter = _Planter(-1)
    counter.visit(ast.parse(source))
    return counter.found


def planted(source: str, number: int) -> ast.Module:
    """The module with one fault."""
    tree = _Planter(number).visit(ast.parse(source))
    ast.fix_missing_locations(tree)
    return tree


class _Planter(ast.NodeTransformer):
    """Counts the places in the order of the source; changes the one with the number."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.found: list[Place] = []

    def _here(self, node: ast.AST, text: str) -> bool:
        self.found.append(Place(len(self.found), getattr(node, "lineno", 0), text))
        return len(self.found) - 1 == self.number

    # -- what is no code: annotations, docstrings, imports, checks for the type checker ---------------------------

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        # `Choice: TypeAlias = "…"` is read by people and type checkers only.
        if node.value is not None and ast.unparse(node.annotation) != "TypeAlias":
            node.value = self.visit(node.value)
        return node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = self._block(node.body)
        node.args = self.visit(node.args)
        return node

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.body = self._block(node.body)
        return node

    def visit_Module(self, node: ast.Module) -> ast.AST:
        node.body = self._block(node.body)
        return node

    def _block(self, body: list[ast.stmt]) -> list[ast.stmt]:
        return [self.visit(each) if not _is_text(each) else each for each in body]

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return node
        if self._here(node, f"if not ({ast.unparse(node.test)})"):
            node.test = ast.UnaryOp(ast.Not(), node.test)
            return node
        return self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        # Names of types (`Command = A | B`) are read by people and type checkers only.
        if isinstance(node.value, ast.BinOp) and isinstance(node.value.op, ast.BitOr):
            return node
        return self.generic_visit(node)

    # -- faults --------------------------------------------------------------------------------------------------

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        for place, op in enumerate(node.ops):
            other = COMPARE[type(op)]
            if self._here(node, f"{other.__name__} in {ast.unparse(node)}"):
                node.ops[place] = other()
                return node
        return self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        other = BINARY.get(type(node.op))
        if other and self._here(node, f"{other.__name__} in {ast.unparse(node)}"):
            node.op = other()
            return node
        return self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        other = BINARY.get(type(node.op))
        if other and self._here(node, f"{other.__name__} in {ast.unparse(node)}"):
            node.op = other()
            return node
        return self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        if self._here(node, f"{other.__name__} in {ast.unparse(node)}"):
            node.op = other()
            return node
        return self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if isinstance(node.op, ast.Not | ast.USub) and self._here(node, f"without the sign: {ast.unparse(node)}"):
            return node.operand
        return self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        if self._here(node, f"the other way round: {ast.unparse(node)}"):
            node.body, node.orelse = node.orelse, node.body
            return node
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        match node.value:
            case bool() if self._here(node, f"{not node.value} for {node.value}"):
                return ast.copy_location(ast.Constant(not node.value), node)
            case int() if not isinstance(node.value, bool) and self._here(node, f"{node.value + 1} for {node.value}"):
                return ast.copy_location(ast.Constant(node.value + 1), node)
            case str() if self._here(node, f"{node.value + 'x'!r} for {node.value!r}"):
                return ast.copy_location(ast.Constant(node.value + "x"), node)
        return node

    def visit_Return(self, node: ast.Return) -> ast.AST:
        if node.value is None:
            return node
        if not _is_none(node.value) and self._here(node, f"return None for {ast.unparse(node.value)[:60]}"):
            return ast.copy_location(ast.Return(ast.Constant(None)), node)
        return self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> ast.AST:
        if self._here(node, f"nothing for {ast.unparse(node)[:60]}"):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        if isinstance(node.value, ast.Call) and self._here(node, f"nothing for {ast.unparse(node)[:60]}"):
            return ast.copy_location(ast.Pass(), node)
        return self.generic_visit(node)


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
