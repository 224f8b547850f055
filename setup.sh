#!/bin/sh
# Installs what is missing, with a word on what it does. Called by `npm start` and `npm test`,
# because .npmrc switches install scripts (and so prestart and pretest) off.
set -eu
cd "$(dirname "$0")"
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing the pinned dependencies (Node 24 among them; about 25 s, no install scripts) …" >&2
  npm ci --loglevel=error
  touch node_modules/.package-lock.json
fi
built=dashboards/dist/sv/index.html
if [ ! -e "$built" ] || [ -n "$(find dashboards/src dashboards/sv dashboards/en dashboards/console dashboards/desk dashboards/vite.config.ts protocol publication catalogue/indicators.json package-lock.json -newer "$built" -print -quit)" ]; then
  echo "Building the pages …" >&2
  node_modules/.bin/node node_modules/vite/bin/vite.js build dashboards --logLevel error
fi
