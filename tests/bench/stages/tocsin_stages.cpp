// The pure stages, for counting instead of timing: what a count says does not depend on who else
// uses the machine.
//
//   tocsin_stages                 each stage's allocations, one JSON object
//   tocsin_stages NAME TIMES      runs one stage; instructions.py counts those of counted_stage
#include "tests/bench/stages/stage.hpp"

#include <charconv>
#include <cstdlib>
#include <iostream>
#include <new>
#include <string_view>

namespace {

std::size_t allocations = 0;

}

void* operator new(std::size_t bytes)
{
    ++allocations;
    void* memory = std::malloc(bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

// Callgrind collects from its entry to its end.
extern "C" __attribute__((noinline)) void counted_stage(const tocsin::bench::Stage& stage)
{
    stage.once();
}

namespace {

using namespace tocsin::bench;

// What is made at the first use, and only then, is no stage's.
constexpr int warm_up = 3;

void run(const Stage& stage, int times)
{
    for (int i = 0; i < warm_up; ++i)
        stage.once();
    for (int i = 0; i < times; ++i)
        counted_stage(stage);
}

void print_allocations(const Stages& stages)
{
    std::string_view before = "{";
    for (const Stage& stage : stages) {
        run(stage, 0);
        const std::size_t begun = allocations;
        stage.once();
        const std::size_t taken = allocations - begun;
        std::cout << before << "\n  \"" << stage.name << "\": " << taken;
        before = ",";
    }
    std::cout << "\n}\n";
}

} // namespace

int main(int argc, char** argv)
{
    Stages stages = protocol_stages();
    for (Stage& stage : core_stages())
        stages.push_back(std::move(stage));
    if (argc == 1) {
        print_allocations(stages);
        return 0;
    }
    int times = 0;
    const std::string_view number = argc == 3 ? argv[2] : "";
    std::from_chars(number.data(), number.data() + number.size(), times);
    for (const Stage& stage : stages) {
        if (stage.name != argv[1] || times <= 0) continue;
        run(stage, times);
        return 0;
    }
    std::cerr << "usage: tocsin_stages [NAME TIMES]\n";
    return 2;
}
