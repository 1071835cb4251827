# Flags, tools and the few functions every folder uses.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# Asserts guard promises, so they stay on in what ships: no -DNDEBUG here.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1") # enough for a readable stack; a third less to build

find_program(CCACHE ccache)
if(CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE}")
endif()

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(Protobuf REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)

add_library(tocsin_options INTERFACE)
target_compile_features(tocsin_options INTERFACE cxx_std_20)
target_include_directories(tocsin_options INTERFACE "${PROJECT_SOURCE_DIR}" "${PROJECT_SOURCE_DIR}/client-lib/include")
target_compile_options(tocsin_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor -Woverloaded-virtual
  # g++ 12 warns falsely about coroutine frames.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete>
  $<$<BOOL:${TOCSIN_WERROR}>:-Werror>)
target_compile_definitions(tocsin_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_REGEX BOOST_ASIO_SEPARATE_COMPILATION
  TOCSIN_VERSION="${PROJECT_VERSION}")
if(TOCSIN_SANITIZE)
  target_compile_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(tocsin_options INTERFACE -fsanitize=${TOCSIN_SANITIZE})
  if(TOCSIN_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_compile_options(tocsin_options INTERFACE -Wno-tsan)
  endif()
endif()
if(TOCSIN_FUZZ)
  target_compile_options(tocsin_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TOCSIN_COVERAGE)
  target_compile_options(tocsin_options INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(tocsin_options INTERFACE -fprofile-instr-generate)
endif()
find_program(MOLD mold)
if(MOLD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_link_options(tocsin_options INTERFACE -fuse-ld=mold)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(tocsin_options INTERFACE -fuse-ld=lld)
endif()

# tocsin_layer(NAME SOURCES ... LIBS ...): one static library, one room of the architecture.
function(tocsin_layer name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC tocsin_options ${ARG_LIBS})
endfunction()

# tocsin_test(NAME LABEL unit SOURCES ... LIBS ...): a GoogleTest program run by ctest.
function(tocsin_test name)
  cmake_parse_arguments(ARG "" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 120)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE tocsin_options ${ARG_LIBS} GTest::gmock GTest::gtest_main)
  # Test code is not what is tested: compiled for speed of compiling. What it links keeps its flags.
  target_compile_options(${name} PRIVATE -O0 -g1)
  target_compile_definitions(${name} PRIVATE TOCSIN_TEST_DIR="${PROJECT_SOURCE_DIR}/tests"
                             TOCSIN_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TOCSIN_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name} --gtest_brief=1)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABEL}" TIMEOUT ${ARG_TIMEOUT})
endfunction()
