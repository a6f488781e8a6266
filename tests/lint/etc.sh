# The files of etc/ are to the taste of the programs that read them: each web
# server, systemd, cron and logrotate, where they are installed.
. "$(dirname "$0")/lib.sh"

top=$(pwd)
PATH=$PATH:/usr/sbin:/sbin

# try NAME PROGRAM COMMAND...: passes if the command is content, or missing.
try() {
	name=$1
	program=$2
	shift 2
	if command -v "$program" >/dev/null; then
		"$@" >"$scratch/said" 2>&1 || {
			echo "status $?"
			cat "$scratch/said"
		}
	fi | rule "$name"
}

cat >"$scratch/nginx.conf" <<END
pid $scratch/nginx.pid;
error_log stderr;
events { }
http {
	client_body_temp_path $scratch/body;
	fastcgi_temp_path $scratch/fastcgi;
	proxy_temp_path $scratch/proxy;
	uwsgi_temp_path $scratch/uwsgi;
	scgi_temp_path $scratch/scgi;
	limit_req_zone \$binary_remote_addr zone=hls:10m rate=50r/s;
	server {
		listen unix:$scratch/nginx.sock;
		include $top/etc/nginx/hls.conf;
	}
}
END
try 'nginx takes its snippet' nginx \
    nginx -t -q -p "$scratch" -c "$scratch/nginx.conf"

# What is written as a comment must work once it is none.
sed 's/^\([[:space:]]*\)# \(limit_req\)/\1\2/
	s/^\([[:space:]]*\)#	\(auth_basic\|fastcgi_param\)/\1\2/' \
    etc/nginx/hls.conf >"$scratch/full.conf"
sed "s|$top/etc/nginx/hls.conf|$scratch/full.conf|" "$scratch/nginx.conf" \
    >"$scratch/nginx-full.conf"
try 'nginx takes it with the commented lines' nginx \
    nginx -t -q -p "$scratch" -c "$scratch/nginx-full.conf"

# The sites beside their snippets, as they are installed.
mkdir "$scratch/site"
sed "/^	server {/,/^	}/d" "$scratch/nginx.conf" >"$scratch/site/nginx.conf"
sed -i "s|^}|include $scratch/site/hls-site.conf; }|" "$scratch/site/nginx.conf"
sed -i "s|^events { include .*|events { }|" "$scratch/site/nginx.conf"
cp etc/nginx/hls.conf "$scratch/site/"
sed 's/^	listen .*80;/	listen 1;/' etc/nginx/hls-site.conf | uniq \
    >"$scratch/site/hls-site.conf"
try 'nginx takes its site' nginx \
    nginx -t -q -p "$scratch" -c "$scratch/site/nginx.conf"
if [ -e "${builddir:-.}/etc/nginx/hls-cgi.conf" ]; then
	sed -i 's/include hls.conf/include hls-cgi.conf/' \
	    "$scratch/site/hls-site.conf"
	cp "${builddir:-.}/etc/nginx/hls-cgi.conf" "$scratch/site/"
	try 'nginx takes its site for fcgiwrap' nginx \
	    nginx -t -q -p "$scratch" -c "$scratch/site/nginx.conf"
fi

cat >"$scratch/lighttpd.conf" <<END
server.document-root = "$scratch"
server.bind = "$scratch/lighttpd.sock"
include "$top/etc/lighttpd/hls.conf"
END
try 'lighttpd takes its snippet' lighttpd \
    lighttpd -tt -f "$scratch/lighttpd.conf"
sed "s|/hls.conf|/hls-site.conf|" "$scratch/lighttpd.conf" \
    >"$scratch/lighttpd-site.conf"
try 'lighttpd takes its site' lighttpd \
    lighttpd -tt -f "$scratch/lighttpd-site.conf"
if [ -e "${builddir:-.}/etc/lighttpd/hls-cgi.conf" ]; then
	sed "s|$top/etc/lighttpd/hls.conf|$(cd "${builddir:-.}" && pwd)/etc/lighttpd/hls-cgi.conf|" \
	    "$scratch/lighttpd.conf" >"$scratch/lighttpd-cgi.conf"
	try 'lighttpd takes its snippet for CGI' lighttpd \
	    lighttpd -tt -f "$scratch/lighttpd-cgi.conf"
fi

printf 'defaults\n\tmode http\n' | cat - etc/haproxy/hls.cfg \
    >"$scratch/haproxy.cfg"
try 'HAProxy takes its snippet' haproxy haproxy -c -q -f "$scratch/haproxy.cfg"

modules=/usr/lib/apache2/modules
cat >"$scratch/apache.conf" <<END
ServerRoot "$scratch"
ServerName localhost
Listen 127.0.0.1:1
PidFile $scratch/apache.pid
DefaultRuntimeDir $scratch
ErrorLog $scratch/apache.log
LoadModule mpm_event_module $modules/mod_mpm_event.so
LoadModule authz_core_module $modules/mod_authz_core.so
END
{
	cat "$scratch/apache.conf"
	echo "LoadModule env_module $modules/mod_env.so"
	echo "LoadModule proxy_module $modules/mod_proxy.so"
	echo "LoadModule proxy_fcgi_module $modules/mod_proxy_fcgi.so"
	cp etc/apache/hls-proxy.conf "$scratch/"
	cat etc/apache/hls-proxy-site.conf
} >"$scratch/apache-proxy.conf"
try 'Apache takes its snippet for mod_proxy_fcgi' apache2 \
    apache2 -t -f "$scratch/apache-proxy.conf"

# The user hls is the README's, and need not be here.
for way in fcgid cgid; do
	[ -e $modules/mod_$way.so ] || continue
	{
		cat "$scratch/apache.conf"
		echo "LoadModule alias_module $modules/mod_alias.so"
		echo "LoadModule ${way}_module $modules/mod_$way.so"
		echo "LoadModule suexec_module $modules/mod_suexec.so"
		cat etc/apache/hls-$way-site.conf
	} >"$scratch/apache-$way.conf"
	sed 's/^SuexecUserGroup hls hls/SuexecUserGroup www-data www-data/' \
	    etc/apache/hls-$way.conf >"$scratch/hls-$way.conf"
	try "Apache takes its snippet for mod_$way" apache2 \
	    apache2 -t -f "$scratch/apache-$way.conf"
done

for unit in hls-fcgi.service hls-cgi.service hls-drain@.service; do
	file=${builddir:-.}/etc/systemd/$unit
	[ -e "$file" ] || continue
	command -v systemd-analyze >/dev/null || continue
	# The table ends in "Overall exposure level for unit: 0.4 SAFE".
	systemd-analyze security --offline=true "$file" >"$scratch/said" \
	    2>&1 || cat "$scratch/said"
	awk -v unit="$unit" '/Overall exposure/ {
			sub(/.*: /, "")
			seen = 1
			if ($1 > 2.0)
				print unit ": exposure " $1 ", 2.0 is the limit"
		}
		END { if (!seen) print unit ": no exposure was found" }' \
	    "$scratch/said"
done | rule 'the units are shut in: exposure at most 2.0'

for unit in hls-fcgi.socket hls-fcgi.service hls-cgi.socket hls-cgi.service \
    hls-drain@.service; do
	file=${builddir:-.}/etc/systemd/$unit
	[ -e "$file" ] || file=etc/systemd/$unit
	[ -e "$file" ] || continue
	command -v systemd-analyze >/dev/null || continue
	cp "$file" "$scratch/"
done
(cd "$scratch" && for unit in *.socket *.service; do
	[ -e "$unit" ] || continue
	systemd-analyze verify --man=no --recursive-errors=no \
	    "$scratch/$unit" 2>&1 | grep "^$scratch/.*:[0-9]*: "
done) | rule 'systemd knows every line of the units'

# minute hour day month weekday user command
for file in "${builddir:-.}/etc/cron/hls"; do
	[ -e "$file" ] || continue
	awk '/^#/ || /^[[:space:]]*$/ || /^[A-Z_]+=/ { next }
		NF < 7 || $1 !~ /^[0-9*\/,-]+$/ || $6 !~ /^[a-z]+$/ {
			print FILENAME ":" FNR ": is no line of cron.d"
		}
		!/(;|[[:space:]]hls)[[:space:]]+(said=\$\()?(hls-drain|hlsctl) / {
			print FILENAME ":" FNR ": runs no program of ours"
		}' "$file"
done | rule 'the crontab is well formed'

sed "s/ hls hls\$/ $(id -un) $(id -gn)/" etc/logrotate/hls >"$scratch/rotate"
chmod 644 "$scratch/rotate"
try 'logrotate takes its snippet' logrotate \
    logrotate -d -s "$scratch/state" "$scratch/rotate"

grep -rnoE '@[a-z_]+@' "${builddir:-.}"/etc/systemd/*.service \
    "${builddir:-.}/etc/cron/hls" "${builddir:-.}/etc/apache" 2>/dev/null |
    grep -v '\.in:' | rule 'nothing is left to fill in'
plan
