#include "listener.h"

#include <linux/filter.h>
#include <sys/socket.h>

namespace celsiusify {
namespace {

// Drops segments that ask for a connection: SYN set and ACK not, in the byte of flags of the TCP header, which is where a
// filter of a TCP socket begins to read. Handshakes under way end as usual; who asks now asks again a second later, and
// by then hears that nobody listens, in place of losing a request to a reset.
napi_value RefuseNewConnections(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value argv[1];
  int32_t socket = -1;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  napi_get_value_int32(env, argv[0], &socket);
  constexpr unsigned kFlags = 13, kSyn = 0x02, kAck = 0x10;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlags),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSyn | kAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, 0xffffffff),
  };
  const sock_fprog program = {sizeof code / sizeof code[0], code};
  napi_value done;
  napi_get_boolean(env, setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0, &done);
  return done;
}

}  // namespace

void AddListener(napi_env env, napi_value exports) {
  napi_value function;
  napi_create_function(env, "refuseNewConnections", NAPI_AUTO_LENGTH, RefuseNewConnections, nullptr, &function);
  napi_set_named_property(env, exports, "refuseNewConnections", function);
}

}  // namespace celsiusify
