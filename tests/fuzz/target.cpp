// A libFuzzer target: the property named at build time (TOCSIN_PROPERTY) must never break.
#include "tests/fuzz/properties.hpp"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const tocsin::fuzz::Property* const property = tocsin::fuzz::property(TOCSIN_PROPERTY);
    if (property == nullptr) std::abort();
    if (property->judge({data, size}) == tocsin::fuzz::Verdict::broken) std::abort();
    return 0;
}
