#!/usr/bin/env bash
# Make docs/images/demo-tracked.webp, the moving picture of the README, from the demo clip. Needs ffmpeg. Run in the root.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sportstrack pitch weights/demo.mp4 -o "$work"
sportstrack track --demo --pitch "$work/demo.pitch.jsonl" --draw broadcast,minimap,trace -o "$work"
ffmpeg -v error -y -ss 1.5 -t 4 -i "$work/demo_tracked.mp4" -vf "fps=12.5,scale=720:-1:flags=lanczos" \
  -c:v libwebp_anim -quality 42 -compression_level 6 -loop 0 docs/images/demo-tracked.webp
