package io.dunlin.launcher.doctor;

import io.dunlin.collectives.transport.HostNetwork;
import io.dunlin.launcher.report.Readable;
import java.util.List;
import java.util.stream.Collectors;

/** Hosts talk by datagrams: what the interface carries and what sockets hold decides how fast. */
final class NetworkCheck implements Check {
    private final List<HostNetwork> network;
    private final int hosts;

    /**
     * A check.
     *
     * @param network of this host at the address that the job names; none if it names none of this host's
     * @param hosts of the job
     */
    NetworkCheck(List<HostNetwork> network, int hosts) {
        this.network = network;
        this.hosts = hosts;
    }

    @Override
    public String title() {
        return "Network";
    }

    @Override
    public Finding look() {
        if (hosts < 2) {
            return new Finding.Ok("not needed by 1 host");
        }
        if (network.isEmpty()) {
            return new Finding.Warn(
                    "no host of launch.hosts is this one: all " + hosts + " will be reached by launch.remote_shell",
                    "if one of them is meant to be this host, name it by the address of an interface here (ip addr)");
        }
        HostNetwork here = network.getFirst();
        List<HostNetwork.Remark> remarks = here.remarks();
        return remarks.isEmpty()
                ? new Finding.Ok("%s at %s carries %d bytes in one piece, sockets hold %s"
                        .formatted(
                                here.card(),
                                here.address(),
                                here.mtuBytes(),
                                Readable.memory(Math.min(here.receiveBytes(), here.sendBytes()))))
                : new Finding.Warn(
                        remarks.stream().map(HostNetwork.Remark::text).collect(Collectors.joining("; ")),
                        remarks.stream().map(HostNetwork.Remark::remedy).collect(Collectors.joining("; ")));
    }
}
