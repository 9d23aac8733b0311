# For a shell in the folder of the repository: `. examples/setup.sh`. Where Crew is, and three short words to talk to it.
export URL="${URL:-http://127.0.0.1:8090}" TOKEN="${TOKEN:-a-token-of-mine}"

# api PATH [options of curl]: asks Crew, and fails when Crew refuses.
api() {
  local where="$1"
  shift
  curl -sS --fail-with-body "$URL/api/v1/$where" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' "$@" && echo
}

# … | field NAME: one field of a JSON object.
field() {
  node -e 'console.log(JSON.stringify(JSON.parse(require("fs").readFileSync(0, "utf8") || "{}")[process.argv[1]]))' "$1"
}

# ended GROUP: waits until it has, and says how.
ended() {
  local group=''
  until [ "$(printf '%s' "$group" | field isSettled)" = true ]; do
    sleep 0.5
    group="$(api "task_group/$1")" || return
  done
  echo "$1: $(printf '%s' "$group" | field state)"
}
