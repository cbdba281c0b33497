"""What a network, a device or a bitstream is: tables for a reader, one object for a program."""
