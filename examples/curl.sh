#!/usr/bin/env bash
# From nothing to a verdict, a refund and a delivered webhook, by curl: examples/curl.sh [PORT]
# Starts a simulated WeChat Pay, the service, and a receiver of webhooks, and ends them.
set -euo pipefail

port=${1:-8080}
dir=$(mktemp -d)
api="http://127.0.0.1:$port"
verdict=(node "$(dirname "$0")/../bin/verdict.mjs")
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p" | head -1; }
started=()
trap 'kill "${started[@]}" 2> /dev/null || true; wait || true; rm -rf "$dir"' EXIT

# A configuration with a simulator's account, and where your system wants to be told.
"${verdict[@]}" init --simulator --dir "$dir" --port "$port" 2> /dev/null
node -e '
  const [, file, port] = process.argv
  const fs = require("node:fs")
  const config = JSON.parse(fs.readFileSync(file, "utf8"))
  const secret = "whsec_" + Buffer.alloc(32, 7).toString("base64")
  config.webhooks = [{ name: "shop", url: `http://127.0.0.1:${port}/hook`, secret, allowPrivate: true }]
  fs.writeFileSync(file, JSON.stringify(config))
' "$dir/verdict.config.json" "$((port + 1))"
node -e '
  require("node:http").createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(204).end())
  }).listen(Number(process.argv[1]), "127.0.0.1")
' "$((port + 1))" &
started+=($!)

# An API key: shown once, stored hashed.
key=$("${verdict[@]}" key add --name curl --role operate --config "$dir/verdict.config.json" 2> /dev/null)

"${verdict[@]}" simulate --dir "$dir/wechatpay" 2> "$dir/simulator.log" &
started+=($!)
"${verdict[@]}" serve --config "$dir/verdict.config.json" > "$dir/service.log" &
started+=($!)
for _ in $(seq 100); do curl -sf "$api/readyz" > /dev/null && break || sleep 0.2; done
simulator=$(sed -n 's/.*"baseUrl": *"\([^"]*\)".*/\1/p' "$dir/verdict.config.json" "$dir/wechatpay/account.json" | head -1)
[ -n "$simulator" ] || simulator=$(sed -n 's/.*serves on \([^ ]*\) .*/\1/p' "$dir/simulator.log")

call() { curl -sS --fail-with-body -H "Authorization: Bearer $key" -H 'Content-Type: application/json' "$@"; }

# Place an order, and show the code_url as a QR code.
placed=$(call "$api/v1/orders" -H 'Idempotency-Key: order A42' -d '{
  "out_trade_no": "A42", "kind": "native", "description": "Two coffees",
  "amount": { "total": 8800, "currency": "HKD" }
}')
id=$(echo "$placed" | field id)
echo "$id is $(echo "$placed" | field state)"

# The customer pays: here somebody tells the simulator so. Ask now, and wait for the verdict.
curl -sSf -o /dev/null -d '{}' "$simulator/_sim/orders/A42/pay"
call -o /dev/null -X POST "$api/v1/orders/$id/query"
settled=$(call "$api/v1/orders/$id?wait=30")
echo "$id is $(echo "$settled" | field state)"
echo "evidence holds: $(call "$api/v1/orders/$id/evidence" | field holds)"

# Give a part back: the Idempotency-Key is the refund's key.
refund=$(call "$api/v1/orders/$id/refunds" -H 'Idempotency-Key: cup 1' -d '{ "amount": 4400, "reason": "Cold" }')
echo "refund of $(echo "$refund" | field amount) is $(echo "$refund" | field state)"

# The webhook about the verdict has arrived.
for _ in $(seq 50); do
  delivery=$(call "$api/v1/orders/$id/deliveries" | field state)
  [ "$delivery" = sent ] && break || sleep 0.2
done
echo "the webhook is $delivery"
