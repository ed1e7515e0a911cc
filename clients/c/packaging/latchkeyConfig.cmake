# find_package(latchkey) gives latchkey::latchkey, the shared library, which needs nothing else to be linked.
include(${CMAKE_CURRENT_LIST_DIR}/latchkeyTargets.cmake)
