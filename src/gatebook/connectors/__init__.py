"""Systems that others run, asked for facts: registries today, forges and clusters as they come.

Each module speaks one protocol and hands back parsed records or checked bytes; what a peer says is
compared with what can be computed, and a peer that does not answer is an
:class:`~gatebook.errors.UnreachableError`. All of them use :mod:`gatebook.connectors.http`, the one
place with timeouts, size limits, retries and rules for redirects.

The room must not know what a fact is good for: no contract, no gate, no ledger, no command line.
It writes nothing on this machine, and to a peer only what a function that says so is given. Callers
import the modules; nothing is re-exported.
"""
