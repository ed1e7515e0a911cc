# Runs PROGRAM --list after a build and writes OUT, the ctest entries of its cases.
execute_process(COMMAND ${PROGRAM} --list OUTPUT_VARIABLE listed RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE)
if(failed)
  message(FATAL_ERROR "${PROGRAM} --list failed: ${failed}")
endif()
string(REPLACE "\n" ";" cases "${listed}")
set(entries "")
foreach(case ${cases})
  string(APPEND entries
    "add_test([==[${PREFIX}.${case}]==] [==[${PROGRAM}]==] [==[${case}]==])\n"
    "set_tests_properties([==[${PREFIX}.${case}]==] PROPERTIES LABELS ${GROUP} TIMEOUT ${TIMEOUT} SKIP_RETURN_CODE 77\n"
    "  ENVIRONMENT [==[${ENVIRONMENT}]==])\n")
endforeach()
file(WRITE ${OUT} "${entries}")
