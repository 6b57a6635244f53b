package io.dunlin.parallel.mesh;

import io.dunlin.error.DunlinException;
import io.dunlin.error.ExitCode;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Degrees that do not fit where the ranks are. */
public final class MeshException extends DunlinException {
    private static final long serialVersionUID = 1L;

    private MeshException(String code, String message, String remedy) {
        super(code, message, remedy, ExitCode.USAGE);
    }

    /** DUN-533: a class of tensors cannot be spread over domains that differ in size. */
    static MeshException unlike(String what, Spread spread, List<Integer> sizes) {
        return new MeshException(
                "DUN-533",
                "%s are to be spread over each %s, but there are some of %s ranks"
                        .formatted(
                                what,
                                spread.name().toLowerCase(Locale.ROOT),
                                sizes.stream().map(String::valueOf).collect(Collectors.joining(" and of "))),
                "use as many ranks on each, or parallel.shard = \"zero3\" or \"zero++\", which any hosts can share");
    }

    /** DUN-534: nobody has said which ranks are near each other inside a host. */
    static MeshException noPackages() {
        return new MeshException(
                "DUN-534",
                "tensors are to be spread over packages, and the topology knows hosts alone",
                "say how many packages a host has: parallel.topology = \"HOSTSxPACKAGESxRANKS\", for example \"2x2x2\"");
    }
}
