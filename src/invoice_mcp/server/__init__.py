"""The only package that knows the protocol's SDK: the server class, its transports, and what a client may be asked."""
