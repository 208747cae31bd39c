#!/bin/bash
# The tools through nginx with TLS, passwords, tokens and client certificates, to pgw-serve and the upstream
# Pushgateway.
. "$(dirname "$0")/../lib.sh"

need nginx openssl prometheus-pushgateway
export CURL_CA_BUNDLE=$SCRATCH/ca.pem # for curl(1): libcurl doesn't read it

# certificate NAME SUBJECT [EXTENSION]: by the authority ca.
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null &&
		openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out "$1.pem" \
			-extfile <(echo "$3") 2>/dev/null
}
ok "an authority" openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=ca 2>/dev/null
ok "a server's certificate" certificate server localhost "subjectAltName=DNS:localhost"
ok "a client's certificate" certificate client somebody "extendedKeyUsage=clientAuth"
cat client.pem client.key >both.pem
openssl rsa -aes128 -passout pass:x -in client.key -out locked.key 2>/dev/null

start_serve -d spool
declare -A ports=([serve]=$PORT)
start_peer pushgateway "http://127.0.0.1:PORT/-/ready" prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT
ports[upstream]=$PORT
SERVE_NAME=target start_serve -d target
target=$PORT

printf 'me:%s\n' "$(openssl passwd -apr1 'se:cret')" >htpasswd
chmod 644 htpasswd
chmod 755 "$SCRATCH"
cat >nginx.in <<END
user $(id -un);
daemon off;
master_process off;
worker_processes 1;
pid $SCRATCH/nginx.pid;
error_log stderr warn;
events {}
http {
	access_log off;
	client_body_temp_path $SCRATCH/body-temporary;
	proxy_temp_path $SCRATCH/proxy-temporary;
	fastcgi_temp_path $SCRATCH/fastcgi-temporary;
	scgi_temp_path $SCRATCH/scgi-temporary;
	uwsgi_temp_path $SCRATCH/uwsgi-temporary;
	server {
		listen 127.0.0.1:@LISTEN@ ssl;
		listen unix:$SCRATCH/socket;
		server_name localhost;
		ssl_certificate $SCRATCH/server.pem;
		ssl_certificate_key $SCRATCH/server.key;
		ssl_client_certificate $SCRATCH/ca.pem;
		ssl_verify_client optional;
		location /ready { return 200; }
		location ~ ^/(?<port>\d+)/open(?<rest>/.*) { proxy_pass http://127.0.0.1:\$port\$rest; }
		location ~ ^/(?<port>\d+)/basic(?<rest>/.*) {
			auth_basic closed;
			auth_basic_user_file $SCRATCH/htpasswd;
			proxy_pass http://127.0.0.1:\$port\$rest;
		}
		location ~ ^/(?<port>\d+)/token(?<rest>/.*) {
			if (\$http_authorization != "Bearer s.e-cret/+=") { return 401; }
			proxy_pass http://127.0.0.1:\$port\$rest;
		}
		location ~ ^/(?<port>\d+)/certificate(?<rest>/.*) {
			if (\$ssl_client_verify != SUCCESS) { return 403; }
			proxy_pass http://127.0.0.1:\$port\$rest;
		}
	}
}
END
start_peer nginx "https://localhost:PORT/ready" sh -c "rm -f socket; sed s/@LISTEN@/PORT/ nginx.in >nginx.conf; exec nginx -p '$SCRATCH' -c '$SCRATCH/nginx.conf'"
nginx=https://localhost:$PORT

echo 'me:se:cret' >basic
printf 's.e-cret/+=  \r\nnext line' >token
printf 'machine localhost\nlogin me\npassword se:cret\n' >netrc
mkdir home
cp netrc home/.netrc
echo 'me:wrong' >wrong
printf 'a 1\n' >one.prom

for gateway in serve upstream; do
	base=$nginx/${ports[$gateway]}
	# takes NAME PATH OPTION...: the gateway has the push afterwards, and lists and loses the group with the same
	# options.
	takes() {
		local job
		job=$(tr -c 'a-z\n' - <<<"$1")
		exits 0 "$gateway: $1" pgw-push -u "$base/$2" -j "$job" "${@:3}" one.prom
		is "$err" "" "$gateway: $1: in silence"
		like "$(curl -s "$base/open/metrics")" "a\{instance=\"\",job=\"$job\"\} 1" "$gateway: $1: is there"
		exits 0 "$gateway: $1: and lists" pgw-list -0 -u "$base/$2" -j "$job" "${@:3}"
		is "$out$err" "{job=\"$job\"}" "$gateway: $1: only that"
		exits 0 "$gateway: $1: and deletes" pgw-delete -u "$base/$2" -j "$job" "${@:3}"
		unlike "$(curl -s "$base/open/metrics")" "job=\"$job\"" "$gateway: $1: is gone"
	}
	HOME=$SCRATCH/home
	takes "the authority" open --cacert ca.pem
	takes "no check" open --insecure
	takes "a password" basic --cacert ca.pem --basic-auth-file basic
	takes "a token" token --cacert ca.pem --bearer-token-file token
	takes "a netrc" basic --cacert ca.pem --netrc-file netrc
	takes "the netrc of the user" basic --cacert ca.pem --netrc
	takes "a certificate and its key" certificate --cacert ca.pem --cert client.pem --key client.key
	takes "a certificate with its key" certificate --cacert ca.pem --cert both.pem
	base=${base/localhost/me:se%3Acret@localhost}
	takes "a password in the URL" basic --cacert ca.pem
	base=unix:$SCRATCH/socket:/${ports[$gateway]}
	exits 0 "$gateway: a socket and a password" pgw-push -u "$base/basic" -j socket --basic-auth-file basic one.prom
	base=$nginx/${ports[$gateway]}
	like "$(curl -s "$base/open/metrics")" 'a\{instance="",job="socket"\} 1' "$gateway: is there"
	exits 0 "$gateway: a compressed push" pgw-push -z -u "$base/open" --cacert ca.pem -j gzip one.prom
	like "$(curl -s "$base/open/metrics")" 'a\{instance="",job="gzip"\} 1' "$gateway: is read"
	exits 0 "$gateway: a relay" pgw-scrape-relay --cacert ca.pem --basic-auth-file basic -z -u "$base/basic" \
		-j relay \
		"http://127.0.0.1:$target/metrics"
	like "$(curl -s "$base/open/metrics")" 'job="relay"' "$gateway: relays"
done

base=$nginx/${ports[serve]}
exits 69 "an authority that isn't known" pgw-push -u "$base/open" -j x one.prom
like "$err" "^pgw-push: $base/open/metrics/job/x: .*certificate" "is told"
exits 69 "nor for a list" pgw-list -u "$base/open"
like "$err" "^pgw-list: $base/open/api/v1/metrics: .*certificate" "is told"
exits 69 "a server of another name" pgw-push --cacert ca.pem -u "${base/localhost/127.0.0.1}/open" -j x one.prom
exits 77 "no password" pgw-push --cacert ca.pem -u "$base/basic" -j x one.prom
like "$err" "^pgw-push: $base/basic/metrics/job/x: 401: " "is refused"
exits 77 "a wrong password" pgw-push --cacert ca.pem --basic-auth-file wrong -u "$base/basic" -j x one.prom
unlike "$err" 'wrong|me:' "isn't told"
exits 77 "a wrong password in the URL" pgw-push --cacert ca.pem -u "${base/localhost/me:wrong@localhost}/basic" -j x \
	one.prom
unlike "$err" 'wrong|me:' "isn't told"
exits 77 "a wrong password for a list" pgw-list --cacert ca.pem --basic-auth-file wrong -u "$base/basic"
like "$err" "^pgw-list: $base/basic/api/v1/metrics: 401: " "is refused"
exits 77 "a wrong token for a list" pgw-list --cacert ca.pem --bearer-token-file wrong -u "$base/token"
exits 77 "a wrong password in the URL of a list" pgw-list --cacert ca.pem \
	-u "${base/localhost/me:wrong@localhost}/basic"
unlike "$err" 'wrong|me:' "isn't told"
exits 77 "no client certificate for a list" pgw-list --cacert ca.pem -u "$base/certificate"
exits 66 "no such password file for a list" pgw-list --cacert ca.pem --basic-auth-file none -u "$base/basic"
exits 77 "no client certificate" pgw-push --cacert ca.pem -u "$base/certificate" -j x one.prom
exits 66 "a certificate without its key" pgw-push --cacert ca.pem --cert client.pem -u "$base/certificate" -j x one.prom
exits 66 "a key with a password" pgw-push --cacert ca.pem --cert client.pem --key locked.key -u "$base/certificate" \
	-j x one.prom
exits 66 "an authority's file that is none" pgw-push --cacert one.prom -u "$base/open" -j x one.prom

# What a proxy is asked for, it is by the environment.
start_responder proxy 200
exits 0 "a proxy" env http_proxy="$URL" pgw-push -u http://gateway.invalid:9091 -j proxied one.prom
is "$(sed 1d proxy.log | $PYTHON -c 'import json; print(json.loads(input())["path"])')" \
	"http://gateway.invalid:9091/metrics/job/proxied" "is asked"
exits 0 "no proxy for a socket" env http_proxy="http://127.0.0.1:1" pgw-push \
	-u "unix:$SCRATCH/socket:/${ports[serve]}/open" -j x one.prom
exits 0 "no_proxy" env http_proxy="http://127.0.0.1:1" no_proxy=127.0.0.1 pgw-push \
	-u "http://127.0.0.1:${ports[serve]}" -j x one.prom
done_testing
