#!/usr/bin/env bash
# Make the pictures of docs/guides/match.md from the demo clip. Needs ffmpeg. Run in the root.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sportstrack pitch weights/demo.mp4 -o "$work"
sportstrack track --demo --save-detections --formats mot -o "$work"
small() { ffmpeg -v error -y -i "$1" -frames:v 1 -vf "scale=$2:-2:flags=area" -q:v 4 "docs/images/$3.jpg"; }
sportstrack presence "$work/demo.txt" --pitch "$work/demo.pitch.jsonl" --id 7 -o "$work/heat.png"
small "$work/heat.png" 720 guide-heat
sportstrack stats "$work/demo.txt" --pitch "$work/demo.pitch.jsonl" -o "$work/stats"
small "$work/stats/demo_pitch_players.png" 900 guide-players
sportstrack draw weights/demo.mp4 "$work/demo.txt" --crop-to 7 --start 0:02 --end 0:05 -o "$work/clip"
small "$work/clip/demo_drawn.mp4" 720 guide-clip
