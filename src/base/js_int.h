/*
 * js_int - the functions of json-c that js_read.c calls
 *
 * The library is loaded with the first text that is read as a tree (see
 * dynlib.h): a post is checked without one.
 */
#ifndef BASE_JS_INT_H
#define BASE_JS_INT_H

#include <json-c/json.h>

#define JS_LIB_FUNCTIONS(X)                  \
	X(json_object_array_get_idx)         \
	X(json_object_array_length)          \
	X(json_object_get_boolean)           \
	X(json_object_get_int64)             \
	X(json_object_get_string)            \
	X(json_object_get_string_len)        \
	X(json_object_get_uint64)            \
	X(json_object_is_type)               \
	X(json_object_iter_begin)            \
	X(json_object_iter_end)              \
	X(json_object_iter_equal)            \
	X(json_object_iter_next)             \
	X(json_object_iter_peek_name)        \
	X(json_object_iter_peek_value)       \
	X(json_object_object_get_ex)         \
	X(json_object_put)                   \
	X(json_object_to_json_string_length) \
	X(json_tokener_error_desc)           \
	X(json_tokener_free)                 \
	X(json_tokener_get_error)            \
	X(json_tokener_new_ex)               \
	X(json_tokener_parse_ex)             \
	X(json_tokener_set_flags)

struct js_lib {
#define JS_LIB_MEMBER(name) __typeof__(name) *name;
	JS_LIB_FUNCTIONS(JS_LIB_MEMBER)
#undef JS_LIB_MEMBER
};

/* Loads the library once in a process. */
const struct js_lib *js_lib_get(void);

#endif
