"""The double's memory: entities by set and id, who may come in, and a journal of every effect."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

Value = Any
"""What a property holds: text, `Decimal`, truth, an instant in UTC, or None."""


@dataclass(slots=True)
class Entity:
    """One entity. `links` holds the id at the other end of each navigation property that leads to one."""

    set: str
    id: str
    values: dict[str, Value]
    links: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something that happened for good: `created`, `updated` or `deleted`, in which set, to which entity."""

    kind: str
    set: str
    id: str


@dataclass(slots=True)
class Book:
    """One tenant. `clients` maps client ids to secrets, `tokens` access tokens to the instant they expire.

    The secrets of `expired` clients are good for nothing any more. `handed_out` counts tokens, so that none is given
    twice.
    """

    entities: dict[str, dict[str, Entity]]
    clients: dict[str, str]
    expired: set[str] = field(default_factory=set)
    tokens: dict[str, dt.datetime] = field(default_factory=dict)
    handed_out: int = 0
    journal: list[Effect] = field(default_factory=list)
    next_number: dict[int, int] = field(default_factory=dict)
    serial: int = 0
    _members: dict[tuple[str, str, str], dict[str, Entity]] = field(default_factory=dict)

    def all(self, set_name: str) -> dict[str, Entity]:
        """The entities of a set, by id."""
        return self.entities.setdefault(set_name, {})

    def members(self, set_name: str, link: str, target: str) -> list[Entity]:
        """The entities of a set whose `link` leads to the entity with the id `target`."""
        return list(self._members.get((set_name, link, target), {}).values())

    def add(self, entity: Entity) -> None:
        """Put an entity in; the caller says what effect that is."""
        self.all(entity.set)[entity.id] = entity
        links, entity.links = entity.links, {}
        self.link(entity, links)

    def link(self, entity: Entity, links: Mapping[str, str | None]) -> None:
        """Let these links of an entity lead elsewhere, or nowhere."""
        for name, target in links.items():
            before = entity.links.get(name)
            if before is not None:
                del self._members[entity.set, name, before][entity.id]
            entity.links[name] = target
            if target is not None:
                self._members.setdefault((entity.set, name, target), {})[entity.id] = entity

    def remove(self, entity: Entity) -> None:
        """Take an entity out, and lead nowhere what led to it."""
        self.link(entity, dict.fromkeys(entity.links))
        for (_, name, target), members in list(self._members.items()):
            if target == entity.id:
                for each in list(members.values()):
                    self.link(each, {name: None})
        del self.all(entity.set)[entity.id]

    def record(self, kind: str, entity: Entity) -> None:
        """Add an effect to the journal."""
        self.journal.append(Effect(kind, entity.set, entity.id))

    def effects(self, kind: str, set_name: str) -> list[Effect]:
        """Every effect of one kind on one set, in order."""
        return [each for each in self.journal if (each.kind, each.set) == (kind, set_name)]

    def new_id(self) -> str:
        """An id that no entity has; ids do not grow with time."""
        self.serial += 1
        mixed = (self.serial * 0x9E3779B97F4A7C15_F39CC0605CEDC835) % (1 << 128)
        return str(UUID(int=mixed, version=4))

    def new_number(self, year: int) -> str:
        """The next invoice number of `year`."""
        number = self.next_number.get(year, 1)
        self.next_number[year] = number + 1
        return f"{year}-{number:04d}"
