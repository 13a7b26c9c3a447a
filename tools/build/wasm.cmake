# The WebAssembly side of CMakeLists.txt: the module that the web layer loads, and the C tests compiled to wasm.
# PHI_RELAXED and PHI_THREADS choose the variant; the module is named after it.

set(PHI_VARIANT simd128)
if(PHI_RELAXED)
  set(PHI_VARIANT relaxed)
endif()
if(PHI_THREADS)
  string(APPEND PHI_VARIANT -mt)
else()
  string(APPEND PHI_VARIANT -st)
endif()

# Both for the module and for the tests. Memory grows as the plan asks for it. The stack is one thread's: forward state
# lives in arenas, so it stays small. The arenas ask for a few large blocks: the smallest allocator is enough.
add_link_options(-sALLOW_MEMORY_GROWTH=1 -sMAXIMUM_MEMORY=4GB -sMEMORY_GROWTH_GEOMETRIC_STEP=0 -sSTACK_SIZE=256KB -sABORTING_MALLOC=0
                 -sMALLOC=emmalloc)
if(PHI_THREADS)
  # Growing shared memory makes JS views stale; web/abi takes a new one for each call, so the warning says nothing.
  add_link_options(-pthread -sDEFAULT_PTHREAD_STACK_SIZE=256KB -Wno-pthreads-mem-growth)
endif()

# What runs once per load or per request, or only calls kernels, is compiled for size; packing and sampling stay fast, as
# kernels do.
foreach(layer base pool image format tokenizer constrain nn model api)
  if(TARGET phi_${layer} AND CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(phi_${layer} PRIVATE -Oz)
  endif()
endforeach()
# But for what a constraint does at every token. The scalar kernels are the specification that tests compare with: every op
# that matters has a faster one here.
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  file(GLOB scalar_kernels CONFIGURE_DEPENDS wasm_kernels/scalar/*.c)
  set_source_files_properties(${scalar_kernels} wasm_kernels/relaxed/relaxed_probe.c src/weights/residency.c
                              PROPERTIES COMPILE_OPTIONS -Oz)
  set_source_files_properties(src/constrain/constraint.c PROPERTIES COMPILE_OPTIONS -O2)
endif()

# phi_wasm_module(NAME SOURCES...): the engine as a page loads it. Linked from the object files, not from the archive,
# so that what PHI_API marks as used is kept. (CMake wants one source at least; before the first layer exists there is
# nothing to link.)
function(phi_wasm_module name)
  if(NOT PHI_LAYERS)
    return()
  endif()
  # The table of kernels is compiled anew: without those that a page never runs (wasm_kernels/isa.h).
  add_executable(${name} wasm_kernels/dispatch.c ${ARGN})
  target_compile_definitions(${name} PRIVATE PHI_FOR_PAGE=1)
  target_include_directories(${name} PRIVATE wasm_kernels src/base)
  foreach(layer IN LISTS PHI_LAYERS)
    if(NOT layer MATCHES "^phi_kernels(_scalar)?$")
      target_sources(${name} PRIVATE $<TARGET_OBJECTS:${layer}>)
    endif()
  endforeach()
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME pocketphi-${PHI_VARIANT} SUFFIX .js)
  target_link_options(${name} PRIVATE
    --no-entry
    -sMODULARIZE=1
    -sEXPORT_ES6=1
    -sENVIRONMENT=worker
    -Oz # the glue, the C library and what is left of the code's size; kernels were optimised for speed when compiled
    -sBINARYEN_EXTRA_PASSES=--reorder-functions,--reorder-locals # what is called most gets the shortest numbers
    -sFILESYSTEM=0
    -sINITIAL_MEMORY=16MB
    -sDYNAMIC_EXECUTION=0 # pages may forbid eval
    -sSUPPORT_LONGJMP=0
    -sEXPORTED_RUNTIME_METHODS=wasmMemory
    # Bundlers rename files: web/abi/module.ts says where they are.
    -sINCOMING_MODULE_JS_API=locateFile,mainScriptUrlOrBlob)
  if(PHI_THREADS)
    # Workers start before the module is ready: a thread made later would need the event loop, which a call into the
    # engine does not give back. The page says how many (Module.poolThreads = threads beside the calling one).
    target_link_options(${name} PRIVATE "-sPTHREAD_POOL_SIZE=Module['poolThreads']" -sPTHREAD_POOL_SIZE_STRICT=2)
  endif()
endfunction()

phi_wasm_module(pocketphi_wasm)
if(PHI_THREADS)
  # For tests/e2e/crash.test.ts: the same, and threads crash on order. It is never part of dist/.
  phi_wasm_module(pocketphi_trap tests/e2e/trap/trap.c)
  target_include_directories(pocketphi_trap PRIVATE src/pool src/base)
  target_link_options(pocketphi_trap PRIVATE -Wl,--wrap=phi_pool_run -Wl,--wrap=phi_pool_post)
  set_target_properties(pocketphi_trap PROPERTIES EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY trap)
endif()

# Pictures: a module of its own without a script of Emscripten's, which web/abi/pixels.ts makes an instance of. The
# same in all variants, hence built in one.
if(NOT PHI_THREADS AND NOT PHI_RELAXED)
  add_executable(pocketphi_pixels_wasm $<TARGET_OBJECTS:phi_pixels> $<TARGET_OBJECTS:phi_base>)
  set_target_properties(pocketphi_pixels_wasm PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME pocketphi-pixels SUFFIX .wasm)
  target_link_options(pocketphi_pixels_wasm PRIVATE --no-entry -sSTANDALONE_WASM=1 -sFILESYSTEM=0 -Oz -sINITIAL_MEMORY=1MB)
endif()

# Hugging Face folders: likewise (web/abi/import-module.ts).
if(NOT PHI_THREADS AND NOT PHI_RELAXED)
  add_executable(pocketphi_import_wasm $<TARGET_OBJECTS:phi_import> $<TARGET_OBJECTS:phi_format>
                 $<TARGET_OBJECTS:phi_base>)
  set_target_properties(pocketphi_import_wasm PROPERTIES LINKER_LANGUAGE C OUTPUT_NAME pocketphi-import SUFFIX .wasm)
  target_link_options(pocketphi_import_wasm PRIVATE --no-entry -sSTANDALONE_WASM=1 -sFILESYSTEM=0 -Oz)
  if(CMAKE_BUILD_TYPE STREQUAL "Release")
    target_compile_options(phi_import PRIVATE -Oz)
    set_source_files_properties(src/import/quantize_simd.c PROPERTIES COMPILE_OPTIONS -O3)
  endif()
endif()

# phi_wasm_program(NAME FOLDER): the tests of a folder as a program that Node runs. Only the main thread may touch the
# file system of Node, so with threads the pool's workers are made beforehand and main() stays where it is.
function(phi_wasm_program name folder)
  file(GLOB sources CONFIGURE_DEPENDS ${folder}/*.c)
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE pocketphi_pixels pocketphi_import)
  target_compile_definitions(${name} PRIVATE PHI_TESTS_DIR="${CMAKE_SOURCE_DIR}/tests")
  target_link_options(${name} PRIVATE -sENVIRONMENT=node,worker -sNODERAWFS=1 -sEXIT_RUNTIME=1)
  if(PHI_THREADS)
    target_link_options(${name} PRIVATE -sPTHREAD_POOL_SIZE=24 -sPTHREAD_POOL_SIZE_STRICT=2)
  endif()
endfunction()

phi_wasm_program(bench_vision tests/bench/vision)
set_target_properties(bench_vision PROPERTIES EXCLUDE_FROM_ALL ON)

enable_testing()
foreach(suite unit kernels)
  phi_wasm_program(test_${suite} tests/${suite})
  if(TARGET test_${suite})
    if(NOT suite STREQUAL "unit")
      target_sources(test_${suite} PRIVATE tests/unit/check_main.c)
      target_include_directories(test_${suite} PRIVATE tests/unit)
    endif()
    add_test(NAME ${suite} COMMAND test_${suite})
  endif()
endforeach()
