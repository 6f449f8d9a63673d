#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Collects the voices and the music that voice activity detection is trained
# and measured with, from Debian packages, as 8 kHz WAV files:
#   bench/vad_voices.sh DIR [train|noises]
# makes DIR/test/VOICE, DIR/music/test and DIR/sounds/test, with "train" the
# like for the splits tune and train as well, and with "noises" what people
# make of them while they listen: DIR/noises/cough and DIR/noises/hm.
#
# The split is by speaker and by language. Nothing in test/ (Czech, French,
# Hebrew, Hungarian, Lithuanian, Russian and Ukrainian, and the English of
# pocketsphinx-testdata) was ever used to fit, nor to choose what the detector
# does; that was chosen on tune/. What is true was mended with its English at
# hand.
set -eu
dir=${1:?usage: vad_voices.sh DIR [train|noises]}
what=${2:-test}
mkdir -p "$dir/debs" "$dir/x"
dir=$(cd "$dir" && pwd)
sounds=$dir/x/usr/share/asterisk/sounds
stamps=$dir/x/usr/share/tuxpaint/stamps
fish=$dir/x/usr/share/games/fillets-ng/sound
letters=$dir/x/usr/share/klettres
potato=$dir/x/usr/share/ktuberling/sounds
games=$dir/x/usr/share/games

fetch() {
  for package in "$@"; do
    [ -e "$dir/debs/$package" ] && continue
    if ! (cd "$dir/debs" && apt-get download -qq "$package" 2>/dev/null); then
      echo "vad_voices.sh: cannot download the package $package" >&2
      exit 1
    fi
    dpkg-deb -x "$dir/debs/$package"_*.deb "$dir/x"
    touch "$dir/debs/$package"
  done
}

# VOICE PATTERN [MANY [EXCEPT]]: files whose path matches, and not EXCEPT,
# evenly spread over all.
decode() {
  to=$dir/$1
  [ -d "$to" ] && return
  mkdir -p "$to.new"
  find "$dir/x" -type f -path "$2" ! -path "${4:-}" | LC_ALL=C sort \
    >"$to.list"
  step=$(($(wc -l <"$to.list") / ${3:-150} + 1))
  awk "NR % $step == 0 || $step == 1" "$to.list" | while read -r file; do
    name=$(echo "${file#"$dir"/x/usr/share/}" | tr '/. ' '---')
    case $file in
      *.ogg) parse="oggdemux ! vorbisdec" ;;
      *.opus) parse="oggdemux ! opusparse ! opusdec" ;;
      *.raw) parse="rawaudioparse format=pcm pcm-format=s16le sample-rate=16000
        num-channels=1" ;;
      *) parse="wavparse" ;;
    esac
    # shellcheck disable=SC2086
    gst-launch-1.0 -q filesrc location="$file" ! $parse ! audioconvert \
      ! audioresample quality=8 ! audio/x-raw,rate=8000,channels=1,format=S16LE \
      ! wavenc ! filesink location="$to.new/$name.wav" </dev/null >/dev/null \
      2>&1 || rm -f "$to.new/$name.wav"
  done
  rm "$to.list"
  mv "$to.new" "$to"
}

test_voices() {
  fetch asterisk-core-sounds-fr-wav asterisk-core-sounds-ru-wav \
    klettres-data ktuberling-data pocketsphinx-testdata
  decode test/french "$sounds/fr_CA*/[a-z]*.wav"
  decode test/russian "$sounds/ru_RU*/[a-z]*.wav"
  decode test/english "$dir/x/usr/share/pocketsphinx/test/data/*.[rw]a[wv]"
  for language in cs he hu; do
    decode test/letters-$language "$letters/$language/*.ogg"
  done
  for language in lt uk; do
    decode test/potato-$language "$potato/$language/*"
  done
  fetch asterisk-moh-opsound-wav fillets-ng-data
  decode music/test "*/moh/reno*.wav"
  decode sounds/test "$fish/*-x-*.ogg"
}

tune_voices() {
  fetch asterisk-prompt-it-menardi-wav tuxpaint-stamps-default
  decode tune/italian "$sounds/it_IT_f*/[a-z]*.wav"
  decode tune/greek "$stamps/*_desc_el.ogg"
  decode tune/letters-tn "$letters/tn/*.ogg"
  decode tune/potato-wa "$potato/wa/*"
  decode music/tune "*/moh/manolo*.wav"
  decode sounds/tune "$stamps/h*.ogg" 150 "*_desc*"
}

speak() {
  [ -d "$dir/train/flite" ] && return
  mkdir -p "$dir/train/flite.new" "$dir/train/espeak"
  n=0
  while read -r sentence; do
    n=$((n + 1))
    for voice in slt kal16 rms awb; do
      flite -voice $voice -t "$sentence" \
        -o "$dir/train/flite.new/$voice-$n.wav" </dev/null
    done
    for voice in en-us en-gb+m3 de es+f2; do
      espeak-ng -v $voice -w "$dir/train/espeak/$voice-$n-.wav" \
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
  mv "$dir/train/flite.new" "$dir/train/flite"
}

train_voices() {
  fetch asterisk-core-sounds-en-wav asterisk-core-sounds-es-wav \
    asterisk-core-sounds-it-wav fillets-ng-data-nl fillets-ng-data alsa-utils
  decode train/allison "$sounds/en_US*/[a-z]*.wav" 400
  decode train/allison-es "$sounds/es_MX*/[a-z]*.wav"
  decode train/carlo "$sounds/it_IT_m*/[a-z]*.wav" 300
  decode train/dutch "$fish/*/nl/*.ogg" 400
  decode train/alsa "$dir/x/usr/share/sounds/alsa/[FRS]*.wav"
  for language in ro ca bg es be da; do
    decode train/stamps-$language "$stamps/*_desc_$language.ogg"
  done
  for language in ar da de en en_GB es it ml nb nds nl pt_BR; do
    decode train/letters-$language "$letters/$language/*.ogg"
  done
  for language in ca da de en es fi ga gl it nds nl pt ro sl sr sv; do
    decode train/potato-$language "$potato/$language/*"
  done
  decode train/digits "$stamps/symbols/math/[0-9]_[bdjknpsz]*.ogg"
  decode sounds/train "$stamps/animals/*.ogg" 150 "*_desc*"
  decode sounds/colobot "$games/colobot/*.wav"
  decode sounds/city "$games/lincity-ng/*/[B-LO-RT-W]*.wav"
  cp "$dir"/sounds/colobot/* "$dir"/sounds/city/* "$dir/sounds/train"
  train_music
  speak
}

# Of many styles; none is sung.
train_music() {
  fetch colobot-common-sounds extremetuxracer-data \
    fretsonfire-songs-muldjord fretsonfire-songs-sectoid lincity-ng-data \
    singularity-music starfighter-data warzone2100-music wesnoth-1.16-music \
    xmoto-data zaz-data
  decode music/train "*/moh/macroform*.wav"
  decode music/fish "$games/fillets-ng/music/*.ogg"
  cp "$dir"/music/fish/* "$dir/music/train"
  for game in colobot etr fretsonfire lincity-ng singularity starfighter \
    warzone2100 wesnoth xmoto zaz; do
    decode "music/$game" "*/$game/*.o[gp]*"
    cp "$dir/music/$game"/* "$dir/music/train"
  done
}

noises() {
  fetch hedgewars-data
  decode noises/cough "*/hedgewars/*/PoisonCough.ogg"
  decode noises/hm "*/hedgewars/*/Hmm.ogg"
}

mkdir -p "$dir/test" "$dir/tune" "$dir/train" "$dir/music" "$dir/noises" \
  "$dir/sounds"
test_voices
if [ "$what" = train ]; then
  tune_voices
  train_voices
fi
if [ "$what" = noises ]; then
  noises
fi
