// Models that several engines of one process serve, each for an event loop of its own: they have their sessions together,
// and so weights are in memory once, and what a model remembers is the same for all.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "../session.h"

namespace celsiusify {

// A session whose variables are constants; null where it could not be made.
struct FrozenSession {
  std::shared_ptr<Session> session;
  int convolutions = 0;  // that are computed another way; see winograd/plugin.h
};

// What is to be made is made once, by whoever asks first, while others wait for it; it ends with who has it last. What
// could not be made, the next one who asks tries again. May be called on any thread.
class SharedSessions {
 public:
  using Make = std::function<std::shared_ptr<Session>()>;

  static SharedSessions& OfProcess();

  // The session of a SavedModel, as its files are now; with constants in place of variables where nobody has another.
  std::shared_ptr<Session> Load(const std::string& folder, const Make& load);
  // The one with constants in place of the variables of `loaded`, which Load() gave.
  FrozenSession Freeze(const std::shared_ptr<Session>& loaded, const std::function<FrozenSession()>& freeze);
  // Done once for a session. Gives what `settle` gave: why it could not be done, empty where it was.
  std::string Settle(const std::shared_ptr<Session>& loaded, const std::function<std::string()>& settle);
  // Whether a folder's model is there, or is being loaded: one more engine that serves it takes no memory for it.
  bool Has(const std::string& folder);

 private:
  struct Entry {
    std::string folder;
    std::mutex making;  // held while one of these is made
    std::weak_ptr<Session> loaded, frozen;
    int convolutions = 0;  // of the frozen one
    std::optional<std::string> settled;

    bool IsThere() const { return !loaded.expired() || !frozen.expired(); }
  };
  using EntryPtr = std::shared_ptr<Entry>;

  EntryPtr EntryOf(const std::string& folder);
  EntryPtr EntryOf(const std::shared_ptr<Session>& session);

  std::mutex mutex_;  // of the map and of the pointers in entries
  std::map<std::string, EntryPtr> entries_;  // by folder and what its files are
};

}  // namespace celsiusify
