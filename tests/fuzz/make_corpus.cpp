// Writes the samples as files, one folder a parser: tocsin_make_corpus tests/fuzz/corpus
#include "tests/fuzz/samples.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>

int main(int argc, char** argv)
{
    if (argc != 2) {
        std::cerr << "usage: tocsin_make_corpus FOLDER\n";
        return 2;
    }
    for (const auto& [name, inputs] : tocsin::fuzz::samples()) {
        const std::filesystem::path folder = std::filesystem::path(argv[1]) / name;
        std::filesystem::create_directories(folder);
        for (std::size_t i = 0; i < inputs.size(); ++i) {
            std::ofstream file(folder / ("sample_" + std::to_string(i)), std::ios::binary);
            file.write(reinterpret_cast<const char*>(inputs[i].data()),
                       static_cast<std::streamsize>(inputs[i].size()));
            if (!file) {
                std::cerr << "cannot write into " << folder << "\n";
                return 1;
            }
        }
    }
    return 0;
}
