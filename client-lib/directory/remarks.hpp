// Where things stand in a directory.toml, and what there is to say about them.
#pragma once

#include <tocsin/directory.hpp>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace tocsin::directory {

// A place in the file, from 1.
struct At {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
};

class Remarks {
public:
    explicit Remarks(std::string file) : file_(std::move(file)) {}

    void mistake(At at, std::string what, std::string mend)
    {
        add(DirectoryRemark::Weight::mistake, at, std::move(what), std::move(mend));
    }
    void warning(At at, std::string what, std::string mend)
    {
        add(DirectoryRemark::Weight::warning, at, std::move(what), std::move(mend));
    }

    [[nodiscard]] bool has_mistakes() const
    {
        return std::ranges::any_of(remarks_, [](const DirectoryRemark& remark) {
            return remark.weight == DirectoryRemark::Weight::mistake;
        });
    }

    // In the order of the file.
    [[nodiscard]] std::vector<DirectoryRemark> take()
    {
        std::ranges::sort(remarks_, {}, [](const DirectoryRemark& r) {
            return std::tie(r.line, r.column, r.weight, r.what);
        });
        return std::move(remarks_);
    }

private:
    void add(DirectoryRemark::Weight weight, At at, std::string what, std::string mend)
    {
        remarks_.push_back({weight, file_, at.line, at.column, std::move(what), std::move(mend)});
    }

    std::string file_;
    std::vector<DirectoryRemark> remarks_;
};

} // namespace tocsin::directory
