/// Reads the published vectors of tests/vectors.
#pragma once

#include <tocsin/ids.hpp>

#include <boost/json.hpp>

#include <functional>
#include <string>

namespace tocsin::crypto {

/// The whole file; fails the test when it is absent or no JSON.
boost::json::value read_vectors(const std::string& file);

/// A member that is hexadecimal text.
Bytes hex(const boost::json::object& from, const char* name);

/// Calls `check(group, test)` for each test of a Wycheproof file and returns how many there were,
/// after comparing with the number the file itself states.
int each_test(
    const std::string& file,
    const std::function<void(const boost::json::object&, const boost::json::object&)>& check);

} // namespace tocsin::crypto
