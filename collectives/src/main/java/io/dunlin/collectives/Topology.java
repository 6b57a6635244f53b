package io.dunlin.collectives;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Where the members of a group are: packages in hosts in a cluster.
 *
 * <p>Hosts are numbered as they first appear among the members. Every member has the same topology of a group.
 *
 * @param places of all members, by number
 */
public record Topology(List<Place> places) {
    /**
     * Where one member is.
     *
     * @param host name of its host
     * @param socket label of the processor package on that host; empty if not known
     */
    public record Place(String host, String socket) {
        /** On a host, on whichever package. */
        public static Place onHost(String host) {
            return new Place(host, "");
        }
    }

    /** How far apart members are. */
    public enum Scale {
        /** On the same processor package. */
        PACKAGE,
        /** On the same host. */
        HOST,
        /** Anywhere. */
        CLUSTER
    }

    /**
     * One level of the tree.
     *
     * @param scale how far apart members of one domain may be
     * @param domains the members of each domain, by number
     */
    public record Level(Scale scale, List<List<Integer>> domains) {
        /** Copies the lists. */
        public Level {
            domains = domains.stream().map(List::copyOf).toList();
        }
    }

    /** Copies the list. */
    public Topology {
        places = List.copyOf(places);
    }

    /** All on one host. */
    public static Topology oneHost(int members) {
        return new Topology(Collections.nCopies(members, Place.onHost("localhost")));
    }

    /** Members on hosts with these names. */
    public static Topology ofHosts(List<String> hosts) {
        return new Topology(hosts.stream().map(Place::onHost).toList());
    }

    /** Some of the members, in the given order. */
    public Topology among(List<Integer> members) {
        return new Topology(members.stream().map(places::get).toList());
    }

    /** The same, where members that are on different hosts of {@code outer} are on different hosts. */
    public Topology inside(Topology outer) {
        List<Place> inner = new ArrayList<>();
        for (int member = 0; member < size(); member++) {
            Place place = places.get(member);
            inner.add(new Place(outer.places.get(member).host() + "/" + place.host(), place.socket()));
        }
        return new Topology(inner);
    }

    /** How many members. */
    public int size() {
        return places.size();
    }

    /** The levels, innermost first; packages only if every member's is known. */
    public List<Level> levels() {
        List<Level> levels = new ArrayList<>();
        if (places.stream().noneMatch(place -> place.socket().isEmpty())) {
            levels.add(new Level(Scale.PACKAGE, domains(place -> place)));
        }
        levels.add(new Level(Scale.HOST, domains(Place::host)));
        levels.add(new Level(Scale.CLUSTER, domains(place -> "all")));
        return List.copyOf(levels);
    }

    private List<List<Integer>> domains(Function<Place, Object> key) {
        Map<Object, List<Integer>> domains = new LinkedHashMap<>();
        for (int member = 0; member < places.size(); member++) {
            domains.computeIfAbsent(key.apply(places.get(member)), k -> new ArrayList<>())
                    .add(member);
        }
        return List.copyOf(domains.values());
    }

    /** How many hosts. */
    public int hosts() {
        return domains(Place::host).size();
    }

    /** The number of a member's host. */
    public int hostOf(int member) {
        List<List<Integer>> hosts = domains(Place::host);
        for (int host = 0; host < hosts.size(); host++) {
            if (hosts.get(host).contains(member)) {
                return host;
            }
        }
        throw new IllegalArgumentException("member %d of %d".formatted(member, size()));
    }

    /** The members on a host, by number. */
    public List<Integer> membersOfHost(int host) {
        return domains(Place::host).get(host);
    }

    /** The members of a host alone; its packages stand for hosts where they are known. */
    public Topology insideHost(int host) {
        List<Place> local = membersOfHost(host).stream().map(places::get).toList();
        boolean known = local.stream().noneMatch(place -> place.socket().isEmpty());
        return known ? ofHosts(local.stream().map(Place::socket).toList()) : oneHost(local.size());
    }

    /** A member's number among those of its host. */
    public int localIndex(int member) {
        return membersOfHost(hostOf(member)).indexOf(member);
    }

    /** How far apart two members are. */
    public Scale between(int one, int other) {
        Place a = places.get(one);
        Place b = places.get(other);
        if (!a.host().equals(b.host())) {
            return Scale.CLUSTER;
        }
        return a.socket().isEmpty() || !a.socket().equals(b.socket()) ? Scale.HOST : Scale.PACKAGE;
    }

    /** The smallest number of members that a host has; 0 if there are no members. */
    public int smallestHost() {
        return domains(Place::host).stream().mapToInt(List::size).min().orElse(0);
    }

    /** Whether there are several hosts, and several members on one of them. */
    public boolean hierarchical() {
        int hosts = hosts();
        return hosts > 1 && hosts < size();
    }
}
