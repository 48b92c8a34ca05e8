"""A small world on the loopback address: a post office, customers who write, and a desk that answers them.

The server, the connector and the desk in it are the real ones; only the people are invented.
"""
