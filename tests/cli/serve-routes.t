#!/bin/bash
# The routes of pgw-serve: redirections, Allow, odd targets.
. "$(dirname "$0")/../lib.sh"

# Routes and redirections
start_serve -d spool --web.enable-admin-api
while read -r method path expected location; do
	answers "$expected" "$method $path" "$method" "$URL$path" </dev/null
	is "$(sed -n 's/^\(location\|allow\): //p' headers | tr -d '\r')$(sed -n 's/^\(Location\|Allow\): //p' \
		headers | tr -d '\r')" \
		"${location//,/, }" "has ${location:-neither Location nor Allow}"
done <<'END'
GET /metrics/ 301 /metrics
GET /METRICS 301 /metrics
GET /metrics/?a=b&c 301 /metrics?a=b&c
POST /metrics/ 404
POST /metrics 405 GET,HEAD,OPTIONS
OPTIONS /metrics 200 GET,HEAD,OPTIONS
OPTIONS /metrics/job/a 200 DELETE,OPTIONS,POST,PUT
OPTIONS /nothing 404
GET /metrics/job 404
GET /metrics/job/ 404
PUT /metrics/job 404
PUT /metrics/job/ 307 /metrics/job
POST /metrics/job/ 307 /metrics/job
DELETE /metrics/job/ 307 /metrics/job
PUT /metrics/job@base64/ 404
PUT /metrics/Job/a/B/c 307 /metrics/job/a/B/c
GET /metrics/JOB/a 404
GET //metrics 301 /metrics
DELETE //metrics/job/a 301 /metrics/job/a
GET /-/healthy/ 301 /-/healthy
PUT /-/healthy/ 404
GET /-/quit/ 301 /-/quit
PUT /-/quit/ 307 /-/quit
DELETE /-/quit/ 404
GET /status/ 301 /status
GET /api 404
GET /api/v1 301 /api/v1/
POST /api/v1 301 /api/v1/
OPTIONS /api/v1 301 /api/v1/
GET /api/v1/ 404
GET /api/v1/nothing 404
GET /API/v1/status 404
GET /api/v1/STATUS 404
GET /api/v1/status/ 301 /api/v1/status
POST /api/v1/status 405 GET,HEAD,OPTIONS
DELETE /api/v1/metrics 405 GET,HEAD,OPTIONS
GET /api/v1/admin/wipe 405 OPTIONS,PUT
POST /api/v1/admin/wipe 405 OPTIONS,PUT
END
like "$(raw 'GET /-/healthy HTTP/1.1\r\n\r\n')" \
	$'^HTTP/1.1 400 Bad Request\n.*\n400 Bad Request: missing required Host header$' "HTTP/1.1 without a Host"
like "$(raw 'GET /-/healthy HTTP/1.0\r\n\r\n')" '^HTTP/1.[01] 200 OK' "HTTP/1.0 needs none"
# Odd targets. CONNECT, with a host and a port, and "*" of another method are for nobody here.
while read -r target expected; do
	is "$(raw "$target"'\r\nHost: h\r\nConnection: close\r\n\r\n' | sed -n -e '1s/^[^ ]* \([0-9]*\) .*/\1/p' \
		-e '/^$/,$p' | tr -s '\n' ' ' | sed 's/ $//')" \
		"${expected//_/ }" "$target"
done <<'END'
OPTIONS\x20*\x20HTTP/1.1 200
GET\x20http://h/-/ready\x20HTTP/1.1 200_OK
GET\x20HTTPS://u:p@[::1]:80/-/ready?q\x20HTTP/1.1 200_OK
GET\x20x+y-1.z://h/-/ready\x20HTTP/1.1 200_OK
GET\x20http:///-/ready\x20HTTP/1.1 200_OK
OPTIONS\x20http://h\x20HTTP/1.1 200
OPTIONS\x20http://h?q\x20HTTP/1.1 200
PATCH\x20http://h\x20HTTP/1.1 405_Method_Not_Allowed
GET\x20*\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
PUT\x20*\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
OPTIONS\x20*x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
OPTIONS\x20/*\x20HTTP/1.1 404_404_page_not_found
CONNECT\x20h:80\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20?q\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20://h/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x201x://h/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20http:/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20mailto:x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready\x20x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready\x20\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/re\x01ady\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/re\x7fady\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready#x\x20HTTP/1.1 404_404_page_not_found
GET\x20/-/ready\xff\x20HTTP/1.1 404_404_page_not_found
GET\x20/-/ready\x20HTTP/2.0 505_<html><head><title>Requested_HTTP_version_is_not_supported</title></head><body>Requested_HTTP_version_is_not_supported.</body></html>
END
answers 301 "a query in a link" GET "$URL/metrics/?a=%22'<>&b"
is "$body" '<a href="/metrics?a=%22&#39;%3C%3E&amp;b">Moved Permanently</a>.' "is escaped"
stops TERM "$pid" 0 "the gateway ends"
done_testing
