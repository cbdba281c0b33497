"""azsim: what does this compression configuration do on the device?"""
