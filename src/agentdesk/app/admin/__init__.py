"""``agentdesk admin``: setting up from the command line, a module for each subject."""
