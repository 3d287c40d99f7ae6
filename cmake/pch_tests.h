// The tests' precompiled header.
#include "pch.h"

#include <catch2/catch.hpp>

#include <iostream>
#include <random>
#include <sstream>
