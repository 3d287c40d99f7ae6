# The language, the warnings, the sanitizers and the compiler cache: the same for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
# One code model for libraries and programs, so that all share one precompiled header.
add_compile_options(-fPIE)
add_link_options(-pie)

if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release)
endif()

# -O2 rather than -O3: coroutine frames gain nothing from more inlining, the build does.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O0 -g")

option(LOCKSTEP_SANITIZE "AddressSanitizer and UndefinedBehaviorSanitizer in every target" OFF)
option(LOCKSTEP_WERROR "Warnings are errors" ON)

add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
    -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -fno-strict-aliasing)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12.2 takes Asio's own allocation of coroutine frames for a mismatch.
    add_compile_options(-Wno-mismatched-new-delete)
endif()
if(LOCKSTEP_WERROR)
    add_compile_options(-Werror)
endif()
add_compile_options(-fstack-protector-strong)
add_compile_definitions(_FILE_OFFSET_BITS=64 _GNU_SOURCE)

if(LOCKSTEP_SANITIZE)
    add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer -g1 -O1)
    add_link_options(-fsanitize=address,undefined)
    # g++ 12.2 sees uninitialised values in instrumented library code that are not there.
    add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow)
endif()

find_program(LOCKSTEP_CCACHE ccache)
if(LOCKSTEP_CCACHE)
    # A fresh clone in another folder hits the cache too: paths are taken relative to the source.
    set(CMAKE_CXX_COMPILER_LAUNCHER env CCACHE_NOHASHDIR=1 CCACHE_BASEDIR=${CMAKE_SOURCE_DIR}
        CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${LOCKSTEP_CCACHE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        add_compile_options(-fpch-preprocess)
    endif()
endif()
