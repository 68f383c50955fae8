"""The inventory: hosts files and host parameters, read into hosts by one set of rules.  No IO."""
