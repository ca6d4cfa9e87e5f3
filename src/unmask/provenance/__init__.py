"""What a file says about its own origin, and how far that can be believed. The only door to c2pa.

1. `credentials`  Content Credentials (C2PA): absent, invalid, untrusted or trusted, and what they say.
2. `xmp`          the XMP packet, read without ever expanding an entity.
3. `tools`        which generative software is named by metadata.
4. `examine`      all of it as one `Provenance`, and as sentences.

It is evidence apart: nothing here enters the probability. Metadata is easily written and easily lost, so that its
absence says nothing, and a claim to be a photograph lowers no suspicion. Only a signer whom the user trusts can settle
anything. Nothing is asked over the network.
"""
