"""What a person or a test does to an emulator: phones, faults, callbacks."""

from .calls.log_entry import Place
from .calls.members import Role
from .calls.phlos import Phone, PhoneBehaviour
from .faults.rules import FaultKind, FaultRule, parse_rule, read_rule
from .stage import Stage
from .webhooks.callbacks import Callback
from .webhooks.deliveries import Delivery


class Operator(Stage):
    """A stage, with all that can be done on it. Steps may be taken from any thread."""

    # Phones

    def set_phone(
        self, address: str, behaviour: Phone | PhoneBehaviour | str, after: float = 0.0
    ) -> None:
        """Say what a phone does when it is next rung.

        Args:
            address: the phone's address, in any spelling.
            behaviour: what it does, as "ring", or a whole `Phone`.
            after: after how many seconds of ringing; of no account beside a `Phone`.

        Raises:
            ValueError: no phone does that, or not after such a time.
        """
        with self._turn:
            self._switchboard.phones.set(address, behaviour, after)
        self.events.publish("phones", lambda: {"phones": self.phones()})
        self.changed.ring()

    def join(
        self, phlo_id: str, node_id: str, address: str, role: Role | str = Role.CUSTOMER
    ) -> None:
        """Have a caller dial in to a node.

        Args:
            phlo_id: the PHLO.
            node_id: its node.
            address: the caller's address.
            role: what the caller is to the call, "agent" or "customer".

        Raises:
            Refusal: there is no such PHLO or node; `NotNow` for one who is in the call already,
                `NotHere` for one who has left it.
            ValueError: there is no such role.
        """
        with self._turn:
            self.tick()
            self._runner.join(phlo_id, node_id, address, role)

    def answer(self, address: str) -> None:
        """Pick up a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            NotHere: it rings nowhere.
            NotNow: it is one that never answers.
        """
        with self._turn:
            self.tick()
            self._switchboard.answer(address)

    def reject(self, address: str) -> None:
        """Decline a phone wherever it rings.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            NotHere: it rings nowhere.
        """
        with self._turn:
            self.tick()
            self._switchboard.reject(address)

    def hang_up(self, address: str) -> None:
        """Put a phone down in every call it is in.

        Args:
            address: the phone's address, in any spelling.

        Raises:
            NotHere: it is in no call.
        """
        with self._turn:
            self.tick()
            self._switchboard.hang_up(address)

    # Faults

    def fail_next(
        self,
        kind: FaultKind | str = FaultKind.ERROR,
        *,
        action: str | None = None,
        address: str | None = None,
        path: str | None = None,
        times: int | None = 1,
        seconds: float | None = None,
    ) -> None:
        """Have the next request that fits meet a fault.

        Args:
            kind: what goes wrong.
            action: what must be asked for, as "hold"; None for anything.
            address: the member it must concern; None for any.
            path: the path it must go to, with `*` and `?`; None for any.
            times: how many requests meet it; None for all.
            seconds: how long latency lasts, and what `Retry-After` says.

        Raises:
            Refusal: there is no such kind, or another word makes no sense.
        """
        told = {"action": action, "address": address, "path": path, "seconds": seconds}
        self.add_fault(read_rule({"kind": str(kind), "count": times, **told}, "fault"))

    def add_fault(self, rule: FaultRule | str) -> dict[str, object]:
        """Put a rule in force, after the others.

        Args:
            rule: the rule, or its text, as "hold:500 x1".

        Returns:
            What it is known as, as plain data: its `id`, its parts, its `text`.

        Raises:
            Refusal: the text is no rule, or there are a hundred rules already.
        """
        with self._turn:
            added = self._faults.add(parse_rule(rule) if isinstance(rule, str) else rule)
            told = added.describe()
        self._tell_faults()
        return told

    def clear_faults(self) -> None:
        """Drop every rule."""
        with self._turn:
            self._faults.clear()
        self._tell_faults()

    def drop_fault(self, number: int) -> bool:
        """Drop one rule.

        Args:
            number: the rule's `id`.

        Returns:
            Whether there was one.
        """
        with self._turn:
            found = self._faults.drop(number)
        self._tell_faults()
        return found

    # Callbacks

    def set_callback(self, callback: Callback | str | None, place: Place | None = None) -> None:
        """Say where events are told.

        Args:
            callback: where, or just the URL; None for nowhere.
            place: the ids of the PHLO and the node whose events these are; None for all nodes that
                have no callback of their own.

        Raises:
            Refusal: that is no URL.
        """
        with self._turn:
            self._webhooks.set(callback, place)
        self.events.publish("callbacks", self.callbacks)

    def send_again(self, number: int) -> Delivery | None:
        """Tell once more what a delivery told, newly signed.

        Args:
            number: the delivery's number.

        Returns:
            The new delivery, None when there is none of that number.
        """
        found = self._webhooks.deliveries.find(number)
        return None if found is None else self._webhooks.deliveries.again(found)

    async def delivered(self) -> None:
        """Wait until every event so far was told, or was given up; that one was raises nothing.

        In process this is what sends them; a server sends them by itself.
        """
        self.tick()
        with self.changed.listen() as ear:
            while True:
                if not self._attendant.here:
                    await self._webhooks.deliveries.flush()
                if not self._webhooks.deliveries.unfinished:
                    return
                await ear.heard()
