# lk_embed_migrations(latchkey-keys migrations keys) turns migrations/{sqlite,postgres}/NNNN_*.sql into the C table
# `keys_migrations`, declared in the generated header "keys_migrations.h", and adds both to the target.
function(lk_embed_migrations target dir owner)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${owner}_migrations)
  get_filename_component(dir ${dir} ABSOLUTE)
  file(GLOB steps CONFIGURE_DEPENDS ${dir}/sqlite/*.sql ${dir}/postgres/*.sql)
  add_custom_command(OUTPUT ${out}.c ${out}.h
    COMMAND ${CMAKE_COMMAND} -D DIR=${dir} -D OWNER=${owner} -D OUT=${out} -P ${CMAKE_SOURCE_DIR}/common/store/embed_script.cmake
    DEPENDS ${steps} ${CMAKE_SOURCE_DIR}/common/store/embed_script.cmake VERBATIM)
  target_sources(${target} PRIVATE ${out}.c ${out}.h)
  target_include_directories(${target} PUBLIC ${CMAKE_CURRENT_BINARY_DIR})
  target_link_libraries(${target} PUBLIC lk_store)
endfunction()
