#include "config/destination_url.h"

#include "base/path.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>

namespace lockstep::config {
namespace {

struct SchemeFacts {
    Scheme scheme;
    std::string_view name;
    std::uint16_t port;
};

constexpr std::array<SchemeFacts, 4> schemes{{
    {Scheme::rsync, "rsync", 873},
    {Scheme::rsyncs, "rsyncs", 874},
    {Scheme::ssh, "ssh", 22},
    {Scheme::file, "file", 0},
}};

constexpr std::size_t url_bytes_max = 8192;

const SchemeFacts& facts_of(Scheme scheme)
{
    return schemes[static_cast<std::size_t>(scheme)];
}

bool is_control(char c)
{
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

// Wrong what the caller says was expected.
struct Expected {
    std::string what;
};

std::string decoded(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%') {
            const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
            if (high < 0 || low < 0)
                throw Expected{"two hexadecimal digits after '%' (%25 is a percent sign)"};
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    if (std::any_of(out.begin(), out.end(), is_control))
        throw Expected{"a URL without control characters"};
    return out;
}

// Components joined by single slashes, without a trailing one.
std::string tidy_path(std::string_view text)
{
    std::string path;
    const std::string bytes = decoded(text);
    for (std::string_view rest = bytes; !rest.empty();) {
        const std::size_t slash = std::min(rest.find('/'), rest.size());
        const std::string_view name = rest.substr(0, slash);
        rest.remove_prefix(std::min(slash + 1, rest.size()));
        if (name.empty()) continue;
        if (name == "." || name == "..") throw Expected{"a path without '.' and '..'"};
        path = join(path, name);
    }
    return path;
}

void read_port(std::string_view text, DestinationUrl& url)
{
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, url.port);
    if (error != std::errc() || rest != end || url.port == 0)
        throw Expected{"a port from 1 to 65535 after the host"};
    url.port_written = true;
}

// Between the brackets: an address, and perhaps "%zone", or "%25zone" as RFC 6874 has it.
std::string read_ipv6(std::string_view text)
{
    std::string_view zone;
    const std::size_t percent = text.find('%');
    if (percent != std::string_view::npos) {
        zone = text.substr(percent + 1);
        if (zone.size() > 2 && zone.starts_with("25")) zone.remove_prefix(2);
        const bool fits = !zone.empty() && std::all_of(zone.begin(), zone.end(), [](char c) {
            return is_alnum(c) || c == '.' || c == '_' || c == '-';
        });
        if (!fits)
            throw Expected{"the name of a network interface after '%', such as [fe80::1%eth0]"};
    }
    const std::string address(text.substr(0, percent));
    in6_addr ignored{};
    if (::inet_pton(AF_INET6, address.c_str(), &ignored) != 1)
        throw Expected{"an IPv6 address between the brackets, such as [2001:db8::1]"};
    return zone.empty() ? address : address + '%' + std::string(zone);
}

std::string read_host_name(std::string_view text)
{
    constexpr std::size_t host_bytes_max = 253;
    if (text.find(':') != std::string_view::npos)
        throw Expected{"an IPv6 address in brackets, such as rsync://[2001:db8::1]/module"};
    const bool fits = !text.empty() && text.size() <= host_bytes_max && text.front() != '-' &&
                      std::all_of(text.begin(), text.end(), [](char c) {
                          return is_alnum(c) || c == '.' || c == '-' || c == '_';
                      });
    if (!fits) throw Expected{"a host: a name, an IPv4 address, or an IPv6 address in brackets"};
    std::string host(text);
    for (char& c : host)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return host;
}

std::string read_user(std::string_view text)
{
    if (text.find(':') != std::string_view::npos)
        throw Expected{
            "no password in the URL, where status and logs would show it: put it into a "
            "file of mode 0600 and name that as password_file"};
    std::string user = decoded(text);
    if (user.empty() || user.front() == '-' || user.find_first_of(" :/") != std::string::npos)
        throw Expected{"a user name before '@', without blanks, ':' and '/'"};
    return user;
}

// "user@host:port"
void read_authority(std::string_view text, DestinationUrl& url)
{
    const std::size_t at = text.rfind('@');
    if (at != std::string_view::npos) {
        url.user = read_user(text.substr(0, at));
        text.remove_prefix(at + 1);
    }
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) throw Expected{"a ']' behind the IPv6 address"};
        url.host = read_ipv6(text.substr(1, close - 1));
        text.remove_prefix(close + 1);
        if (text.empty()) return;
        if (!text.starts_with(':')) throw Expected{"':' and a port, or '/', behind ']'"};
        return read_port(text.substr(1), url);
    }
    const std::size_t colon = text.find(':');
    const bool one_colon = colon != std::string_view::npos && text.rfind(':') == colon;
    url.host = read_host_name(one_colon ? text.substr(0, colon) : text);
    if (one_colon) read_port(text.substr(colon + 1), url);
}

void read_module_and_path(std::string_view text, DestinationUrl& url)
{
    const std::size_t slash = std::min(text.find('/'), text.size());
    url.module = decoded(text.substr(0, slash));
    if (url.module.empty())
        throw Expected{"a module after the host, such as rsync://host/module/path"};
    if (url.module.find('/') != std::string::npos || url.module == "." || url.module == "..")
        throw Expected{"a module name without '/', '.' and '..'"};
    url.path = tidy_path(text.substr(slash));
}

std::string advice_without_scheme(std::string_view text)
{
    const std::size_t colons = text.find("::");
    std::string forms = "rsync://[USER@]HOST[:PORT]/MODULE[/PATH]";
    if (colons != std::string_view::npos && text.find('@', colons) == std::string_view::npos &&
        !text.starts_with('['))
        return forms + " in place of HOST::MODULE";
    return forms;
}

DestinationUrl read_url(std::string_view text)
{
    if (text.size() > url_bytes_max) throw Expected{"a URL of at most 8192 bytes"};
    const std::size_t colon = text.find("://");
    const std::string_view name = text.substr(0, std::min(colon, text.size()));
    const auto* facts = std::find_if(schemes.begin(), schemes.end(),
                                     [&](const SchemeFacts& known) { return known.name == name; });
    if (colon == std::string_view::npos || facts == schemes.end())
        throw Expected{advice_without_scheme(text)};

    DestinationUrl url;
    url.scheme = facts->scheme;
    url.port = facts->port;
    const std::string_view rest = text.substr(colon + 3);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view authority = rest.substr(0, slash);
    const std::string_view path = rest.substr(slash);

    if (url.scheme == Scheme::file) {
        if (!authority.empty() && authority != "localhost")
            throw Expected{"a directory of this machine, such as file:///mnt/mirror"};
    } else {
        read_authority(authority, url);
    }
    if (url.scheme == Scheme::rsync || url.scheme == Scheme::rsyncs) {
        read_module_and_path(path.substr(std::min<std::size_t>(1, path.size())), url);
        return url;
    }
    url.path = "/" + tidy_path(path);
    if (url.path == "/")
        throw Expected{std::string("an absolute path, such as ") + (url.scheme == Scheme::file
                                                                        ? "file:///mnt/mirror"
                                                                        : "ssh://host/srv/mirror")};
    return url;
}

std::string encoded(std::string_view text)
{
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte > 0x20 && byte < 0x7f && c != '%' && c != '@') {
            out += c;
        } else {
            out += '%';
            out += digits[byte >> 4];
            out += digits[byte & 0xf];
        }
    }
    return out;
}

}  // namespace

UrlResult parse_destination_url(std::string_view text)
{
    try {
        return {read_url(text), ""};
    } catch (Expected& expected) {
        return {std::nullopt, std::move(expected.what)};
    }
}

std::string to_string(const DestinationUrl& url)
{
    std::string text = std::string(facts_of(url.scheme).name) + "://";
    if (!url.user.empty()) text += encoded(url.user) + '@';
    std::string host = url.host;
    const std::size_t zone = host.find("%25");
    if (zone != std::string::npos)
        host.insert(zone + 1, "25");  // a zone "25x" is not RFC 6874's "x"
    text += host.find(':') != std::string::npos ? '[' + host + ']' : host;
    if (url.port_written || url.port != facts_of(url.scheme).port)
        text += ':' + std::to_string(url.port);
    if (url.scheme == Scheme::ssh || url.scheme == Scheme::file) return text + encoded(url.path);
    text += '/' + encoded(url.module);
    if (!url.path.empty()) text += '/' + encoded(url.path);
    return text;
}

std::string without_password(std::string_view text)
{
    const std::size_t scheme = text.find("://");
    const std::size_t user = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t colon =
        std::min({text.find(':', user), text.find("%3A", user), text.find("%3a", user)});
    const std::size_t at = text.rfind('@');
    if (colon == std::string_view::npos || at == std::string_view::npos || at < colon)
        return std::string(text);
    return std::string(text.substr(0, colon)) + ":***" + std::string(text.substr(at));
}

bool same_place(const DestinationUrl& a, const DestinationUrl& b)
{
    return a.scheme == b.scheme && a.host == b.host && a.port == b.port && a.module == b.module &&
           a.path == b.path;
}

}  // namespace lockstep::config
