# Debian's glibc is what DuckDB's prebuilt binding links to; the tag is pinned as everything else is.
FROM node:24.21.0-bookworm-slim AS install
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Node is in the image already: the pinned copies of it are optional dependencies.
RUN npm ci --omit=dev --omit=optional --loglevel=error \
 && npm install --no-save --omit=dev --omit=optional --loglevel=error "@duckdb/node-bindings-linux-$(node -p process.arch)@$(node -p "require('./package-lock.json').packages['node_modules/@duckdb/node-bindings'].version")"

# The pages are built with what is needed for that alone, and nothing of it is kept.
FROM node:24.21.0-bookworm-slim AS pages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=optional --loglevel=error \
 && npm install --no-save --omit=optional --loglevel=error "@rolldown/binding-linux-$(node -p process.arch)-gnu@$(node -p "require('./package-lock.json').packages['node_modules/rolldown'].version")" "lightningcss-linux-$(node -p process.arch)-gnu@$(node -p "require('./package-lock.json').packages['node_modules/lightningcss'].version")"
COPY tsconfig.json ./
COPY protocol protocol
COPY publication publication
COPY catalogue catalogue
COPY dashboards dashboards
RUN node node_modules/vite/bin/vite.js build dashboards --logLevel error

FROM node:24.21.0-bookworm-slim
WORKDIR /app
ENV NODE_ENV=production
COPY --from=install /app/node_modules node_modules
COPY package.json brus LICENSE ./
COPY protocol protocol
COPY publication publication
COPY server server
COPY node node
COPY coordinator coordinator
COPY desk desk
COPY cli cli
COPY catalogue catalogue
COPY --from=pages /app/dashboards/dist dashboards/dist
RUN mkdir -p /var/lib/brus /var/lib/brus-secrets \
 && chown node:node /var/lib/brus /var/lib/brus-secrets && chmod 700 /var/lib/brus /var/lib/brus-secrets
USER node
ENTRYPOINT ["node", "cli/main.ts"]
