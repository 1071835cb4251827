#include "tests/unit/crypto/vectors.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace tocsin::crypto {

boost::json::value read_vectors(const std::string& file)
{
    std::ifstream in(std::string(TOCSIN_TEST_DIR "/vectors/") + file);
    EXPECT_TRUE(in) << file;
    std::ostringstream text;
    text << in.rdbuf();
    return boost::json::parse(text.str());
}

Bytes hex(const boost::json::object& from, const char* name)
{
    const boost::json::string& text = from.at(name).as_string();
    const auto bytes = from_hex({text.data(), text.size()});
    EXPECT_TRUE(bytes) << name;
    return bytes.value_or(Bytes{});
}

int each_test(
    const std::string& file,
    const std::function<void(const boost::json::object&, const boost::json::object&)>& check)
{
    const boost::json::value whole = read_vectors(file);
    int count = 0;
    for (const boost::json::value& group : whole.at("testGroups").as_array()) {
        for (const boost::json::value& test : group.at("tests").as_array()) {
            SCOPED_TRACE(file + " tcId " + boost::json::serialize(test.at("tcId")));
            check(group.as_object(), test.as_object());
            ++count;
        }
    }
    EXPECT_EQ(count, whole.at("numberOfTests").as_int64());
    return count;
}

} // namespace tocsin::crypto
