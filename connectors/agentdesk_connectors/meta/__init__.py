"""What the connectors of Meta's networks share. It is no connector itself.

Both pages on Facebook and accounts on Instagram are reached through the Graph API, with the token of a page,
and both are called at an address of ours. A connector for one of them uses, from below upwards:

- ``ids``: ids of the Graph, checked before they become part of a path;
- ``errors``: the codes and subcodes of the Graph as the errors of the contract, each with a remedy; of
  `Rejected` there are `WindowClosed`, `NotAvailable` and `AlreadyAnswered`, of `AuthFailed` there is
  `PermissionMissing`, to be told apart;
- ``usage``: what the usage headers say of the allowances;
- ``client``: `Graph`, which makes the calls; give it the account's token and the app's secret as functions;
- ``hooks``: `challenge` and `signed` first, then `pieces`, which splits a call without understanding it. Give
  each piece a ``source_id`` of its own id (``message/MID``, ``comment/ID``), the same that a poll gives it,
  and `unreadable` where it has none;
- ``windows``: until when a message may be answered, and under which terms it is sent now;
- ``token``: what the network says of the token itself; its expiry and permissions belong into ``signs()``;
- ``setting_up``: subscribing, and whether our address is reached from outside; steps of ``check()``;
- ``oauth``: signing in with the dialog of Facebook, which ends with the tokens of the pages;
- ``simulator``, ``simulator_fields``, ``simulator_hooks``: `GraphSimulator` is the base of a strict
  simulator: tokens, proofs, permissions, fields, pages, usage headers, error bodies, calls at our address.

On Instagram the object is ``instagram`` instead of ``page``, the permissions are others, and texts are
counted in bytes; none of that is decided here.
"""
