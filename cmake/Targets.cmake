# lockstep_library(NAME LINKS target...): the sources of this folder as one library `lockstep_NAME`.
# lockstep_tests(NAME LINKS target...): the tests of this folder as one binary, each case a ctest.
# Links repeat the arrows of ARCHITECTURE.md; tools/lint checks the includes.

add_library(lockstep_pch STATIC ${CMAKE_SOURCE_DIR}/cmake/pch.cpp)
target_precompile_headers(lockstep_pch PRIVATE ${CMAKE_SOURCE_DIR}/cmake/pch.h)
target_link_libraries(lockstep_pch PUBLIC lockstep_deps)

function(lockstep_library name)
    cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    if(NOT sources)
        add_library(lockstep_${name} INTERFACE)
        target_include_directories(lockstep_${name} INTERFACE ${CMAKE_SOURCE_DIR})
        target_link_libraries(lockstep_${name} INTERFACE ${ARG_LINKS})
        return()
    endif()
    add_library(lockstep_${name} STATIC ${sources})
    target_include_directories(lockstep_${name} PUBLIC ${CMAKE_SOURCE_DIR})
    target_link_libraries(lockstep_${name} PUBLIC lockstep_deps ${ARG_LINKS})
    target_precompile_headers(lockstep_${name} REUSE_FROM lockstep_pch)
endfunction()

function(lockstep_tests name)
    cmake_parse_arguments(ARG "" "TIMEOUT" "LINKS;PROPERTIES" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
    if(NOT sources)
        return()
    endif()
    add_executable(${name}_tests ${sources})
    target_link_libraries(${name}_tests PRIVATE lockstep_test_main ${ARG_LINKS})
    target_precompile_headers(${name}_tests REUSE_FROM lockstep_test_main)
    catch_discover_tests(${name}_tests TEST_PREFIX "${name}: "
        PROPERTIES TIMEOUT ${ARG_TIMEOUT} ${ARG_PROPERTIES})
endfunction()
