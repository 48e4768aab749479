#!/usr/bin/env bash
# The containers as a stranger would meet them: build, start, ask, kill one service, remove. Needs a Docker engine.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! docker info >/dev/null 2>&1 || ! docker compose version >/dev/null 2>&1; then
  echo "no Docker engine with compose answers: start one, or point DOCKER_HOST at one" >&2
  exit 1
fi

ask() { python3 tests/compose/ask.py "$@"; }
step() { printf '%4d s  %s\n' "$SECONDS" "$*"; }
compose() { (cd "$tree" && docker compose --progress quiet --project-name "$project" "$@"); }
inside() { compose exec -T "$@"; }
must_fail() { if "$@" >/dev/null 2>&1; then echo "this must fail: $*" >&2; exit 1; fi; }
of_project() { docker "$@" --quiet --filter "label=com.docker.compose.project=$project"; }

tree=$(mktemp -d)
project=triptych-test-$$
GATEWAY_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export GATEWAY_PORT

finish() {
  code=$?
  trap - EXIT
  [ "$code" = 0 ] || { compose ps --all; compose logs --no-color --tail 30; step "FAILED"; } >&2
  compose down --volumes --remove-orphans --rmi local >/dev/null 2>&1 || true
  rm -rf "$tree"
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT TERM

# Only what git has or would take: no data, no artifacts, no .env of this folder.
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents --target-directory "$tree"
cp "$tree/.env.example" "$tree/.env"
step "a clean copy, with .env.example as its .env, project $project"

compose config --quiet
compose -f docker-compose.yml -f docker-compose.gpu.yml config --quiet
compose build
step "built"

compose up --detach --wait
step "prepared, trained, healthy"

compose up --detach --wait
step "a second up changes nothing"

ask questions
step "each main question answered through the gateway"

of_project ps --all | xargs docker inspect | ask containers
for service in gateway attention images ratings; do
  [ "$(inside "$service" id -u)" != 0 ]
  must_fail inside "$service" touch /app/written
done
must_fail inside gateway python -c 'import torch'
must_fail inside attention ls services/ratings
step "nobody is root, nobody writes, one loopback port; the gateway has no torch, a service no other service"

ask rate
ask add
# -1: every process but the container's init, so the server dies as it would of a fault of its own.
inside ratings sh -c 'kill -9 -1' || true
ask gap ratings
step "ratings killed: 503 meanwhile, the others went on, it is back"
compose up --detach --wait --no-deps ratings
ask questions
ask rated
step "healthy again, and it knows what was rated before"

inside images sh -c 'kill -9 -1' || true
ask gap images
compose up --detach --wait --no-deps images
ask added
step "images killed: 503 meanwhile, it is back and finds the picture that was added"

compose down --volumes --rmi local
left=$(of_project ps --all; of_project volume ls; of_project network ls)
[ -z "$left" ] || { echo "left behind: $left" >&2; exit 1; }
step "down: no container, volume or network is left"
