"""The tree of today's offices as the picker shows it."""

from dataclasses import dataclass, field

from agencies.models import Agency


@dataclass
class Node:
    """An office and the offices right below it, in the order of their codes."""

    agency: Agency
    children: list["Node"] = field(default_factory=list)

    @property
    def codes(self) -> set[str]:
        """The codes of the office and of those right below it."""
        return {self.agency.code, *(child.agency.code for child in self.children)}


def build_tree() -> list[Node]:
    """The offices valid today. One whose parent is no longer valid stands at the top."""
    nodes = {agency.pk: Node(agency) for agency in Agency.objects.current().order_by("path")}
    roots: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.agency.parent_id) if node.agency.parent_id else None
        (above.children if above else roots).append(node)
    return roots
