#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Speaks the sentences vad-train listens to besides recordings, into a folder:
#   bench/vad_voices.sh DIR && vad-train DIR > vadmodel.h
set -eu
dir=${1:?usage: vad_voices.sh DIR}
mkdir -p "$dir"
n=0
while read -r sentence; do
  n=$((n + 1))
  for voice in slt kal16 rms awb; do
    flite -voice $voice -t "$sentence" -o "$dir/$voice-$n.wav" </dev/null
  done
  for voice in en-us en-gb+m3 de fr+f2; do
    espeak-ng -v $voice -w "$dir/es-$(echo $voice | tr -d +)-$n.wav" \
      "$sentence" </dev/null
  done
done <<'END'
Hello, I would like to book a table for two on Friday evening.
Yes.
No, thank you, that is all I needed today.
My order number is four seven one, nine nine two.
Could you please tell me what time you close on Saturday?
I am calling about the invoice you sent me last week.
Right.
Wait, stop, that is not what I meant at all.
Seventeen Maple Street, apartment three b.
Can I speak to a real person?
Okay.
The shipment arrived but two of the boxes were damaged.
END
