/// libcurl for Swift: the few variadic calls, once for each type of argument.
///
/// `curl_easy_setopt`, `curl_easy_getinfo`, `curl_multi_setopt` and `curl_share_setopt` are variadic in C and macros besides, which Swift
/// imports neither of. Everything else of libcurl is called directly.
#pragma once

#include <curl/curl.h>
#include <stdbool.h>

CURLcode ccurl_set_long(CURL *handle, CURLoption option, long value);
CURLcode ccurl_set_string(CURL *handle, CURLoption option, const char *value);
CURLcode ccurl_set_list(CURL *handle, CURLoption option, struct curl_slist *value);

/// A POST body of `length` bytes, which libcurl copies.
CURLcode ccurl_set_body(CURL *handle, const void *bytes, size_t length);

/// A body of `length` bytes that `reader` hands over and `seeker` goes back in, where libcurl has to send it again. The method
/// becomes PUT; CURLOPT_CUSTOMREQUEST names another.
CURLcode ccurl_set_upload(
    CURL *handle, long long length, curl_read_callback reader, curl_seek_callback seeker, void *context);

/// Where received body bytes go; `context` is handed to `callback` as its last argument.
CURLcode ccurl_set_writer(CURL *handle, curl_write_callback callback, void *context);

/// Where the lines of answers' headers go, one a call.
CURLcode ccurl_set_header_reader(CURL *handle, curl_write_callback callback, void *context);

/// Called each time that the request is about to be sent on a connection that stands: once more where libcurl sends it
/// again by itself.
CURLcode ccurl_set_prerequest(CURL *handle, curl_prereq_callback callback, void *context);

/// Called for each address that a connection would really go to, after names were looked up: the callback makes the socket, by
/// `ccurl_open_socket`, or refuses the address with CURL_SOCKET_BAD.
CURLcode ccurl_set_socket_opener(CURL *handle, curl_opensocket_callback callback, void *context);

/// The address in libcurl's structure, in place: it may be longer than the structure says.
const struct sockaddr *ccurl_socket_address(const struct curl_sockaddr *address);

/// The socket that libcurl would have made; not passed on to other programs.
curl_socket_t ccurl_open_socket(const struct curl_sockaddr *address);

/// Connections are taken from `share` and kept there.
CURLcode ccurl_set_share(CURL *handle, CURLSH *share);

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

/// A store of idle connections for one thread (nothing locks it), or NULL for want of memory.
CURLSH *ccurl_share_connections(void);

/// The value, or 0 where libcurl knows none.
long ccurl_get_long(CURL *handle, CURLINFO information);
curl_off_t ccurl_get_offset(CURL *handle, CURLINFO information);

/// The value, which belongs to the handle, or NULL where libcurl knows none.
const char *ccurl_get_string(CURL *handle, CURLINFO information);

/// The next transfer that has ended, with its result; false when there is none.
bool ccurl_next_finished(CURLM *multi, CURL **handle, CURLcode *result);
