#include "shared-sessions.h"

#include <sys/stat.h>

#include <filesystem>
#include <set>
#include <utility>

namespace celsiusify {
namespace {

// Another one where a file was replaced or written to.
std::string IdentityOf(const std::string& folder) {
  std::set<std::string> files;
  std::error_code error;
  std::filesystem::recursive_directory_iterator file(folder, error);
  for (; !error && file != std::filesystem::end(file); file.increment(error)) {
    struct stat about;
    if (stat(file->path().c_str(), &about) != 0) continue;
    std::string text = file->path().string();
    for (const auto part : {static_cast<int64_t>(about.st_dev), static_cast<int64_t>(about.st_ino), about.st_size,
                            about.st_mtim.tv_sec, about.st_mtim.tv_nsec})
      text += ' ' + std::to_string(part);
    files.insert(std::move(text));
  }
  std::string identity;
  for (const std::string& text : files) identity += text + '\n';
  return identity;
}

}  // namespace

SharedSessions& SharedSessions::OfProcess() {
  static SharedSessions* const sessions = new SharedSessions;  // never destroyed: threads that are left behind use it
  return *sessions;
}

std::shared_ptr<Session> SharedSessions::Load(const std::string& folder, const Make& load) {
  const EntryPtr entry = EntryOf(folder);
  const std::lock_guard<std::mutex> making(entry->making);
  for (const std::weak_ptr<Session>& known : {entry->loaded, entry->frozen})
    if (std::shared_ptr<Session> session = known.lock()) return session;
  std::shared_ptr<Session> session = load();
  const std::lock_guard<std::mutex> lock(mutex_);
  entry->loaded = session;
  entry->settled.reset();
  return session;
}

FrozenSession SharedSessions::Freeze(const std::shared_ptr<Session>& loaded,
                                     const std::function<FrozenSession()>& freeze) {
  const EntryPtr entry = EntryOf(loaded);
  const std::lock_guard<std::mutex> making(entry->making);
  if (std::shared_ptr<Session> session = entry->frozen.lock()) return {std::move(session), entry->convolutions};
  FrozenSession frozen = freeze();
  const std::lock_guard<std::mutex> lock(mutex_);
  entry->frozen = frozen.session;
  entry->convolutions = frozen.convolutions;
  return frozen;
}

std::string SharedSessions::Settle(const std::shared_ptr<Session>& loaded, const std::function<std::string()>& settle) {
  const EntryPtr entry = EntryOf(loaded);
  const std::lock_guard<std::mutex> making(entry->making);
  if (!entry->settled) entry->settled = settle();
  return *entry->settled;
}

bool SharedSessions::Has(const std::string& folder) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [key, entry] : entries_)
    if (entry->folder == folder && (entry->IsThere() || entry.use_count() > 1)) return true;
  return false;
}

SharedSessions::EntryPtr SharedSessions::EntryOf(const std::string& folder) {
  const std::string key = folder + '\n' + IdentityOf(folder);
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto it = entries_.begin(); it != entries_.end();)
    it = it->second->IsThere() || it->second.use_count() > 1 ? std::next(it) : entries_.erase(it);
  EntryPtr& entry = entries_[key];
  if (entry == nullptr) entry = std::make_shared<Entry>();
  entry->folder = folder;
  return entry;
}

SharedSessions::EntryPtr SharedSessions::EntryOf(const std::shared_ptr<Session>& session) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [key, entry] : entries_)
    if (entry->loaded.lock() == session || entry->frozen.lock() == session) return entry;
  return std::make_shared<Entry>();  // of a session that is nobody else's
}

}  // namespace celsiusify
