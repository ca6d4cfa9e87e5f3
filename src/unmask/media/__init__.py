"""From bytes to pixels and samples: the only room that opens media.

A reading order:

1. `limits`   how much a file may ask for.
2. `file`     is it there, what do its first bytes say, what is its digest.
3. `ffmpeg`   the safe door to containers: local files only, known demuxers only, no foreign errors.
4. `probe`    what a medium is: `probe`, and `probe_with_index`, which also returns the index of a video.
5. `image`    `read_image`; `pixels` turns every colour mode into upright RGB.
6. `timing`   the index of a video: when each frame is shown, by the stamps of its packets.
7. `sample`   which frames and which windows of sound to look at; pure functions.
8. `video`    `iter_frames`: decode chosen frames in one pass.
9. `audio`    `stream_sound` and `iter_sound`: mono blocks and windows at one rate.
10. `wear`    what media go through, for augmentation and stress tests: damage, retouching, codecs; `write` clips.

Modules are imported by name (``from unmask.media.probe import probe``): importing the package itself loads nothing.
What is odd about a file but does not stop it goes into `MediaInfo.warnings`, or to the `warn` function that decoding
takes; what stops it is an `InputError`.
"""
