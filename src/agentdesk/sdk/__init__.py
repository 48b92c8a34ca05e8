"""The connector contract: the only door between a channel and the rest of AgentDesk.

A connector is a module (entry point group ``agentdesk.connectors``) with

- ``manifest``: a :class:`agentdesk.sdk.manifest.Manifest`;
- ``create(context)``: makes the object for one account; its abilities are the protocols of
  :mod:`agentdesk.sdk.protocols` that it fulfils, asked for with ``isinstance``, never by name;
- ``interpret(raw, facts)``: raw input to :class:`agentdesk.sdk.inbound.Inbound`, pure and without I/O,
  so that it can run in a worker process and be repeated years later.

Public are the names in ``__all__`` of these modules, and nothing else: ``arriving context discover errors
hooks inbound limiter manifest outbound pages posts protocols schema testing tokens``. They are listed in
``names.txt``; :data:`agentdesk.sdk.manifest.VERSION` says which of them a connector finds.
"""
