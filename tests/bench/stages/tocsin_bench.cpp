// What each stage of an alert's way takes, beside what it may take.
//
//   tocsin_bench [--benchmark_filter=commit] [--benchmark_format=json] ...
//
// One core, nothing else running, or the figures mean nothing. docs/performance.md has them.
#include "tests/bench/stages/stage.hpp"

#include <benchmark/benchmark.h>

namespace {

using tocsin::bench::Stage;

void measure(benchmark::State& state, const Stage& stage)
{
    for (auto _ : state) {
        if (stage.prepare) {
            state.PauseTiming();
            stage.prepare();
            state.ResumeTiming();
        }
        stage.once();
    }
    state.counters["budget_us"] = stage.budget_us;
}

} // namespace

int main(int argc, char** argv)
{
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    for (const auto stages :
         {tocsin::bench::client_stages, tocsin::bench::protocol_stages, tocsin::bench::core_stages,
          tocsin::bench::signature_stages, tocsin::bench::store_stages})
        for (const Stage& stage : stages())
            benchmark::RegisterBenchmark(
                stage.name.c_str(), [stage](benchmark::State& state) { measure(state, stage); })
                ->UseRealTime()
                ->Unit(benchmark::kMicrosecond);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::ClearRegisteredBenchmarks(); // with them go the stores and their folders
}
