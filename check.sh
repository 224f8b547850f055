#!/bin/sh
# Types and format. What was checked before and has not changed since is not checked again (node_modules/.cache).
set -eu
cd "$(dirname "$0")"
for project in . dashboards test/web; do
  node node_modules/typescript/bin/tsc -p "$project" --incremental --tsBuildInfoFile "node_modules/.cache/tsc/$project.json"
done
node_modules/.bin/biome check --error-on-warnings .
