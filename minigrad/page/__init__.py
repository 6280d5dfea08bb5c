"""What all HTML pages share: escaping, the document with its security policy, colours, fonts."""
