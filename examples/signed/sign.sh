#!/bin/sh
# Signs a POST with HMAC (RFC 9421) by openssl, and sends it by curl with further arguments:
#   SIGNING_KEY=… sign.sh KEYID URL FILE [-H 'authorization: Bearer …']
# SIGNING_KEY is base64url without padding, as for the gate. The URL has its host in small letters, and no
# port 80 or 443. While openssl runs, other users of the machine may see the key among its arguments.
set -eu
keyid=$1 url=$2 file=$3 && shift 3
rest=${url#*://} && host=${rest%%/*} target=${rest#"${rest%%/*}"}
case $target in *\?*) query=?${target#*\?} ;; *) query=? ;; esac
digest=sha-256=:$(openssl dgst -sha256 -binary "$file" | openssl base64 -A):
params='("@method" "@authority" "@path" "@query" "content-digest")'";created=$(date +%s);nonce=\"$(openssl rand -hex 16)\";keyid=\"$keyid\""
key=$(printf '%s===' "$SIGNING_KEY" | cut -c "1-$(((${#SIGNING_KEY} + 3) / 4 * 4))" | tr -- -_ +/ |
	openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
lines='"@method": POST\n"@authority": %s\n"@path": %s\n"@query": %s\n"content-digest": %s\n"@signature-params": %s'
signature=$(printf "$lines" "$host" "${target%%\?*}" "$query" "$digest" "$params" |
	openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
curl -sS -w '%{http_code}\n' -H "content-digest: $digest" -H "signature-input: sig1=$params" \
	-H "signature: sig1=:$signature:" --data-binary "@$file" "$@" "$url"
