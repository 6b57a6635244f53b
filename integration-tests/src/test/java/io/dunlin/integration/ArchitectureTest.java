package io.dunlin.integration;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.lang.conditions.ArchPredicates.are;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The shape of the house: order of modules, fences around libraries, and the rules that a machine can check. */
class ArchitectureTest {
    private static final String[] RUNTIME = {
        "io.dunlin.error..",
        "io.dunlin.tensor..",
        "io.dunlin.device..",
        "io.dunlin.nn..",
        "io.dunlin.model..",
        "io.dunlin.optim..",
        "io.dunlin.data..",
        "io.dunlin.train..",
        "io.dunlin.metrics.."
    };

    @SuppressWarnings("NullAway.Init") // set before all tests
    private static JavaClasses classes;

    @BeforeAll
    static void importClasses() {
        classes = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("io.dunlin");
    }

    @Test
    void shouldReadAllModules() {
        assertThat(classes.stream().map(c -> c.getPackageName()))
                .contains(
                        "io.dunlin.train", "io.dunlin.collectives", "io.dunlin.parallel", "io.dunlin.launcher.report");
    }

    @Test
    void shouldKeepTheOrderOfModules() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("io.dunlin..")
                .layer("runtime")
                .definedBy(RUNTIME)
                .layer("collectives")
                .definedBy("io.dunlin.collectives..")
                .optionalLayer("offload")
                .definedBy("io.dunlin.offload..")
                .layer("parallel")
                .definedBy("io.dunlin.parallel..")
                .optionalLayer("checkpoint")
                .definedBy("io.dunlin.checkpoint..")
                .layer("launcher")
                .definedBy("io.dunlin.launcher..")
                .whereLayer("runtime")
                .mayNotAccessAnyLayer()
                .whereLayer("collectives")
                .mayOnlyAccessLayers("runtime")
                .whereLayer("offload")
                .mayOnlyAccessLayers("runtime")
                .whereLayer("parallel")
                .mayOnlyAccessLayers("runtime", "collectives", "offload")
                .whereLayer("checkpoint")
                .mayOnlyAccessLayers("runtime", "collectives", "offload")
                .whereLayer("launcher")
                .mayNotBeAccessedByAnyLayer()
                .ensureAllClassesAreContainedInArchitecture()
                .check(classes);
    }

    @Test
    void shouldHaveNoCyclesOfPackages() {
        slices().matching("io.dunlin.(**)").should().beFreeOfCycles().check(classes);
    }

    /** Where the types of a library may appear. */
    record Fence(String library, List<String> types, List<String> allowed) {
        @Override
        public String toString() {
            return library;
        }
    }

    static Stream<Fence> fences() {
        return Stream.of(
                new Fence("JCuda", List.of("jcuda.."), List.of("io.dunlin.device.cuda..")),
                new Fence("oneDNN", List.of("org.bytedeco.."), List.of("io.dunlin.device.cpu..")),
                new Fence(
                        "Vector API",
                        List.of("jdk.incubator.vector.."),
                        List.of(
                                "io.dunlin.device.cpu..",
                                "io.dunlin.collectives.wire..",
                                "io.dunlin.collectives.quant..",
                                "io.dunlin.checkpoint.memory..",
                                "io.dunlin.offload.optim..",
                                "io.dunlin.launcher.doctor..")),
                new Fence(
                        "Aeron and Agrona",
                        List.of("io.aeron..", "org.agrona.."),
                        List.of("io.dunlin.collectives.transport..", "io.dunlin.collectives.flight..")),
                new Fence("Hazelcast", List.of("com.hazelcast.."), List.of("io.dunlin.launcher.membership..")),
                new Fence("Chronicle", List.of("net.openhft.."), List.of("io.dunlin.checkpoint.journal..")),
                new Fence("picocli", List.of("picocli.."), List.of("io.dunlin.launcher.cli..")),
                new Fence("tomlj", List.of("org.tomlj..", "org.antlr.."), List.of("io.dunlin.launcher.job..")),
                new Fence(
                        "Jackson",
                        List.of("tools.jackson..", "com.fasterxml.."),
                        List.of(
                                "io.dunlin.launcher.job..",
                                "io.dunlin.launcher.report..",
                                "io.dunlin.launcher.worker..",
                                "io.dunlin.launcher.agent..",
                                "io.dunlin.launcher.bench..",
                                "io.dunlin.checkpoint..",
                                "io.dunlin.data..")),
                new Fence("Micrometer", List.of("io.micrometer.."), List.of("io.dunlin.launcher.report..")),
                new Fence("jtokkit", List.of("com.knuddels.."), List.of("io.dunlin.data..")),
                new Fence(
                        "HdrHistogram",
                        List.of("org.HdrHistogram.."),
                        List.of("io.dunlin.collectives.flight..", "io.dunlin.launcher.bench..")),
                new Fence("Logback", List.of("ch.qos.logback.."), List.of("io.dunlin.launcher..")),
                new Fence(
                        "SLF4J",
                        List.of("org.slf4j.."),
                        List.of(
                                "io.dunlin.data..",
                                "io.dunlin.train..",
                                "io.dunlin.collectives",
                                "io.dunlin.collectives.transport..",
                                "io.dunlin.collectives.flight..",
                                "io.dunlin.offload..",
                                "io.dunlin.parallel..",
                                "io.dunlin.checkpoint..",
                                "io.dunlin.launcher..")));
    }

    @ParameterizedTest
    @MethodSource("fences")
    void shouldKeepLibrariesBehindTheirFence(Fence fence) {
        noClasses()
                .that(are(resideOutsideOfPackages(fence.allowed().toArray(String[]::new))))
                .should()
                .dependOnClassesThat(resideInAnyPackage(fence.types().toArray(String[]::new)))
                .because(fence.library() + " may appear only in " + fence.allowed())
                .allowEmptyShould(true)
                .check(classes);
    }

    /** The runtime interface of CUDA would keep a second state of the GPU; its type for a stream is only a name. */
    @Test
    void shouldUseOnlyTheDriverInterfaceOfCuda() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        resideInAPackage("jcuda.runtime..").and(DescribedPredicate.not(simpleName("cudaStream_t"))))
                .check(classes);
    }

    @Test
    void shouldUseNoLibraryWithoutAFence() {
        List<String> known = new ArrayList<>(List.of("io.dunlin..", "java..", "javax..", "jdk..", "com.sun.."));
        known.add("org.jspecify..");
        fences().forEach(fence -> known.addAll(fence.types()));
        noClasses()
                .should()
                .dependOnClassesThat(resideOutsideOfPackages(known.toArray(String[]::new)))
                .check(classes);
    }

    @Test
    void shouldTalkToPeopleOnlyThroughTheLauncher() {
        noClasses()
                .that(are(resideOutsideOfPackages("io.dunlin.launcher..")))
                .should(ACCESS_STANDARD_STREAMS)
                .check(classes);
        noClasses()
                .that(are(resideInAnyPackage(
                        "io.dunlin.launcher.job..",
                        "io.dunlin.launcher.agent..",
                        "io.dunlin.launcher.membership..",
                        "io.dunlin.launcher.place..",
                        "io.dunlin.launcher.doctor..",
                        "io.dunlin.launcher.bench..")))
                .should(ACCESS_STANDARD_STREAMS)
                .because(
                        "people are spoken to in launcher.cli and launcher.report; a rank speaks to its agent in worker")
                .allowEmptyShould(true)
                .check(classes);
    }

    @Test
    void shouldNotSleep() throws IOException {
        noClasses().should().callMethod(Thread.class, "sleep", long.class).check(classes);
        List<String> sleepers = new ArrayList<>();
        String call = "Thread." + "sleep(";
        for (Path module : Repository.modules()) {
            for (Path file : Repository.javaFiles(module)) {
                if (Files.readString(file).contains(call)) {
                    sleepers.add(file.getFileName().toString());
                }
            }
        }
        assertThat(sleepers).as("files that sleep, tests included").isEmpty();
    }

    @Test
    void shouldReadNoEnvironmentVariablesBelowTheLauncher() {
        noClasses()
                .that(are(resideOutsideOfPackages("io.dunlin.launcher..")))
                .should()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "getenv")
                .check(classes);
    }

    @Test
    void shouldKeepNoMutableStateInStaticFields() {
        fields().that().areStatic().should().beFinal().check(classes);
    }

    @Test
    void shouldOfferOnlyMemorySegmentsAsMemory() {
        methods()
                .that()
                .arePublic()
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .should()
                .notHaveRawReturnType(java.nio.ByteBuffer.class)
                .check(classes);
    }

    @Test
    void shouldNameTypesAfterWhatTheyAre() {
        noClasses()
                .should()
                .haveSimpleNameEndingWith("Manager")
                .orShould()
                .haveSimpleNameEndingWith("Helper")
                .orShould()
                .haveSimpleNameEndingWith("Util")
                .orShould()
                .haveSimpleNameEndingWith("Utils")
                .orShould()
                .haveSimpleNameEndingWith("Impl")
                .check(classes);
    }

    @Test
    void shouldDescribeEveryPackageAndMarkItNullFree() {
        List<String> lacking = new ArrayList<>();
        for (JavaPackage subpackage : classes.getPackage("io.dunlin").getSubpackagesInTree()) {
            if (subpackage.getClasses().stream().allMatch(c -> c.getSimpleName().equals("package-info"))) {
                continue;
            }
            if (!subpackage.isAnnotatedWith(NullMarked.class)) {
                lacking.add(subpackage.getName());
            }
        }
        assertThat(lacking)
                .as("packages without a package-info that is @NullMarked")
                .isEmpty();
    }

    @Test
    void shouldIntroduceEveryModuleOnOneScreen() throws IOException {
        List<String> lacking = new ArrayList<>();
        for (Path module : Repository.modules()) {
            Path readme = module.resolve("README.md");
            if (!Files.exists(readme)
                    || !Files.readString(readme)
                            .toLowerCase(java.util.Locale.ROOT)
                            .contains("start reading at")) {
                lacking.add(module.getFileName() + ": no README.md with a 'start reading at'");
            } else if (Files.readAllLines(readme).size() > 60) {
                lacking.add(module.getFileName() + ": README.md is longer than a screen");
            }
        }
        assertThat(lacking).isEmpty();
    }
}
